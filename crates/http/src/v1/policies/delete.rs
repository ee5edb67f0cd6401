//! `DELETE /v1/policies/{name}`

use std::sync::Arc;

use palisade_authz::action::DeletePolicy;
use palisade_envelope::{Code, Error};

use crate::{
    call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "deletePolicy",
        "policies.delete",
        "policies",
        "Delete a policy",
    )
    .empty()
    .refuses(&[
        Code::InvalidRequest,
        Code::NotFound,
        Code::PolicyLockout,
        Code::StaleResource,
    ])
}

pub(super) async fn delete(guarded: Guarded<DeletePolicy>, call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    let (gate, tenant) = (Arc::clone(&guarded.app.gate), guarded.grant.tenant());
    let check =
        move |policies: &[palisade_authz::StoredPolicy]| gate.check_lockout(tenant, policies);
    if guarded
        .app
        .store
        .delete_policy(guarded.grant, expected, check)
        .await?
    {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}

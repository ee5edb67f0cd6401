//! `DELETE /v1/tenants/{id}`: marks it. Nobody gets in from then on; its rows wait for the purge.

use palisade_authz::action::DeleteTenant;
use palisade_envelope::{Code, Error};

use crate::{
    call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "deleteTenant",
        "tenants.delete",
        "tenants",
        "Mark a tenant for deletion",
    )
    .empty()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::NotFound,
        Code::StaleResource,
    ])
}

pub(super) async fn delete(guarded: Guarded<DeleteTenant>, call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    if guarded
        .app
        .store
        .delete_tenant(guarded.grant, expected)
        .await?
    {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}

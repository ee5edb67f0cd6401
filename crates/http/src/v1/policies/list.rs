//! `GET /v1/policies`

use palisade_authz::action::ListPolicies;
use palisade_envelope::Code;

use super::body::PolicyBody;
use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::collection};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listPolicies",
        "policies.list",
        "policies",
        "List the tenant's policies",
    )
    .collects::<PolicyBody>()
    .refuses(&[Code::InvalidRequest])
}

pub(super) async fn list(guarded: Guarded<ListPolicies>, call: Call) -> Answer {
    let query = call.query(&[])?;
    let documents = guarded.app.store.list_policies(&guarded.grant).await?;
    collection(
        &call.request,
        &query,
        documents.into_iter().map(PolicyBody::from).collect(),
        None,
    )
}

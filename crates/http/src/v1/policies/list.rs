//! `GET /v1/policies`

use palisade_authz::action::ListPolicies;
use palisade_envelope::Code;

use super::{super::paging, body::PolicyBody};
use crate::{
    call::Call,
    doc::{Doc, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listPolicies",
        "policies.list",
        "policies",
        "List the tenant's policies",
    )
    .query(&Param::PAGE_V1)
    .collects::<PolicyBody>()
    .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListPolicies>, call: Call) -> Answer {
    let query = call.query(paging::PARAMETERS)?;
    let page = guarded
        .app
        .store
        .list_policies(&guarded.grant, &paging::page(&query)?)
        .await?;
    collection(
        &call.request,
        &query,
        page.items.into_iter().map(PolicyBody::from).collect(),
        page.next,
    )
}

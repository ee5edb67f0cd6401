//! `GET /v1/api-keys`

use palisade_authz::action::ListApiKeys;
use palisade_envelope::Code;

use super::{super::paging, body::KeyBody};
use crate::{
    call::Call,
    doc::{Doc, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listApiKeys",
        "api_keys.list",
        "API keys",
        "List the API keys, revoked ones among them",
    )
    .query(&Param::PAGE_V1)
    .collects::<KeyBody>()
    .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListApiKeys>, call: Call) -> Answer {
    let query = call.query(paging::PARAMETERS)?;
    let page = guarded
        .app
        .store
        .list_api_keys(&guarded.grant, &paging::page(&query)?)
        .await?;
    collection(
        &call.request,
        &query,
        page.items.into_iter().map(KeyBody::from).collect(),
        page.next,
    )
}

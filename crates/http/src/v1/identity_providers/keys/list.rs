//! `GET /v1/identity-providers/{id}/keys`

use palisade_authz::action::ListConnectionKeys;
use palisade_envelope::Code;

use super::{super::super::paging, body::KeyBody};
use crate::{
    call::Call,
    doc::{Doc, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listConnectionKeys",
        "identity_providers.keys.list",
        "identity providers",
        "List the keys of a SCIM connection",
    )
    .query(&Param::PAGE_V1)
    .collects::<KeyBody>()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidPageToken,
        Code::NotFound,
    ])
}

pub(super) async fn list(guarded: Guarded<ListConnectionKeys>, call: Call) -> Answer {
    let query = call.query(paging::PARAMETERS)?;
    let page = guarded
        .app
        .store
        .list_connection_keys(&guarded.grant, &paging::page(&query)?)
        .await?;
    collection(
        &call.request,
        &query,
        page.items.into_iter().map(KeyBody::from).collect(),
        page.next,
    )
}

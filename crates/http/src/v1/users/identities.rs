//! `GET /v1/users/{id}/identities`

use palisade_authz::action::ListExternalIdentities;
use palisade_envelope::{Code, Error};

use super::{super::paging, body::ExternalIdentityBody};
use crate::{
    call::Call,
    doc::{Doc, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listUserIdentities",
        "users.identities.list",
        "users",
        "List user identities",
    )
    .query(&Param::PAGE_V1)
    .collects::<ExternalIdentityBody>()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidPageToken,
        Code::NotFound,
    ])
}

pub(super) async fn identities(guarded: Guarded<ListExternalIdentities>, call: Call) -> Answer {
    let query = call.query(paging::PARAMETERS)?;
    let page = paging::page(&query)?;
    guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let page = guarded
        .app
        .store
        .list_external_identities(&guarded.grant, &page)
        .await?;
    collection(
        &call.request,
        &query,
        page.items
            .into_iter()
            .map(ExternalIdentityBody::from)
            .collect(),
        page.next,
    )
}

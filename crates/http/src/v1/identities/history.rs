//! `GET /v1/identities/{id}/history`

use palisade_authz::action::ReadExternalIdentity;
use palisade_envelope::{Code, Error};

use super::{super::paging, body::EventBody};
use crate::{
    call::Call,
    doc::{Doc, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "getExternalIdentityHistory",
        "external_identities.history",
        "external identities",
        "Tell what became of an external identity, also of one that is gone",
    )
    .query(&Param::PAGE_V1)
    .collects::<EventBody>()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidPageToken,
        Code::NotFound,
    ])
}

pub(super) async fn history(guarded: Guarded<ReadExternalIdentity>, call: Call) -> Answer {
    let query = call.query(paging::PARAMETERS)?;
    let wanted = paging::page(&query)?;
    let page = guarded
        .app
        .store
        .list_link_events(&guarded.grant, &wanted)
        .await?;
    let there = guarded.loaded.open(&guarded.grant).is_some();
    if !there && page.items.is_empty() && wanted.token.is_none() {
        return Err(Error::new(Code::NotFound).into());
    }
    collection(
        &call.request,
        &query,
        page.items.into_iter().map(EventBody::from).collect(),
        page.next,
    )
}

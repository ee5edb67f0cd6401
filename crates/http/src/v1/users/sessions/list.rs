//! `GET /v1/users/{id}/sessions`

use palisade_authz::action::ListIdentitySessions;
use palisade_envelope::{Code, Error};
use palisade_store::SessionFilter;

use super::{super::super::paging, body::UserSessionBody};
use crate::{
    call::Call,
    doc::{Doc, Kind, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listUserSessions",
        "users.sessions.list",
        "users",
        "List the sessions of a user, the newest first",
    )
    .query(&[Param::new(
        "active",
        Kind::Flag,
        "only sessions that count, or only those that do not",
    )])
    .query(&Param::PAGE_V1)
    .collects::<UserSessionBody>()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidPageToken,
        Code::NotFound,
    ])
}

pub(super) async fn list(guarded: Guarded<ListIdentitySessions>, call: Call) -> Answer {
    let app = &guarded.app;
    let query = call.query(&["active", "page_size", "page_token"])?;
    let active = match query.one("active")? {
        None => None,
        Some(_) => Some(query.flag("active")?),
    };
    let filter = SessionFilter {
        active,
        with_identity: false,
    };
    let page = paging::page(&query)?;
    guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let page = app
        .store
        .list_identity_sessions(&guarded.grant, filter, &page)
        .await?;
    let now = app.clock.now();
    let data = page.items.into_iter();
    collection(
        &call.request,
        &query,
        data.map(|known| UserSessionBody::new(known, now)).collect(),
        page.next,
    )
}

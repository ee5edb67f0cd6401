//! `GET /sessions`: the caller's other active sessions.

use palisade_authz::action::ListOwnSessions;
use palisade_envelope::Code;

use crate::{
    admin::sessions::{PAGE_PARAMS, Paging, SessionBody},
    call::Call,
    doc::{Doc, ReplyHeader},
    guard::Guarded,
    problem::Answer,
    reply::{Reply, base_url},
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listMySessions",
        "sessions.list_own",
        "sessions",
        "List my other active sessions, the newest first",
    )
    .query(PAGE_PARAMS)
    .lists::<SessionBody<'_>>()
    .headers(&[ReplyHeader::TOTAL])
    .refuses(&[Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListOwnSessions>, call: Call) -> Answer {
    let app = &guarded.app;
    let query = call.query(&[])?;
    let paging = Paging::of(&query);
    let found = app
        .store
        .list_own_sessions(&guarded.grant, &paging.position())
        .await?;
    let (base_url, now) = (base_url(&call.request, &app.settings)?, app.clock.now());
    let bodies: Vec<_> = found
        .page
        .items
        .iter()
        .map(|known| SessionBody::new(known, now).for_itself(known, &base_url))
        .collect();
    let next = found.page.next.as_deref();
    Reply::ok(&call.request)
        .header(
            "link",
            paging.link(&call.request, &query, next, found.total),
        )
        .header("x-total-count", found.total.to_string())
        .json(&bodies)
}

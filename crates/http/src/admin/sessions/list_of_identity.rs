//! `GET /admin/identities/{id}/sessions`

use palisade_authz::action::ListIdentitySessions;
use palisade_envelope::Code;
use palisade_store::SessionFilter;

use super::{
    body::{SessionBody, may_show_identity},
    paging::{PARAMS, Paging},
    query::{ACTIVE, active},
};
use crate::{
    call::Call,
    doc::{Doc, ReplyHeader},
    guard::Guarded,
    problem::Answer,
    reply::{Reply, base_url},
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listIdentitySessions",
        "identities.sessions.list",
        "sessions",
        "List the sessions of an identity, the newest first",
    )
    .query(PARAMS)
    .query(&[ACTIVE])
    .lists::<SessionBody<'_>>()
    .headers(&[ReplyHeader::TOTAL])
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidPageToken,
    ])
}

/// An identity that is not there has no sessions: an empty list, as at Ory.
pub(super) async fn list(guarded: Guarded<ListIdentitySessions>, call: Call) -> Answer {
    let app = &guarded.app;
    let query = call.query(&[])?;
    let filter = SessionFilter {
        active: active(&query)?,
        with_identity: true,
    };
    let paging = Paging::of(&query);
    let found = app
        .store
        .count_identity_sessions(&guarded.grant, filter, &paging.position())
        .await?;
    // They all have the one identity in them.
    if let Some(known) = found.page.items.first() {
        may_show_identity(&call.request, known).await?;
    }
    let (base_url, now) = (base_url(&call.request, &app.settings)?, app.clock.now());
    let bodies: Vec<_> = found
        .page
        .items
        .iter()
        .map(|known| {
            SessionBody::new(known, now)
                .with_identity(known, &base_url)
                .with_devices(known)
        })
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

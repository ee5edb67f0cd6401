//! `GET /sessions/whoami`: whose session is this.

use palisade_authz::action::ReadOwnSession;
use palisade_envelope::{Code, Error};

use crate::{
    admin::sessions::SessionBody,
    call::Call,
    doc::{Doc, ReplyHeader},
    guard::Guarded,
    problem::Answer,
    reply::{Reply, base_url},
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "toSession",
        "sessions.whoami",
        "sessions",
        "Whose session is this",
    )
    .replies::<SessionBody<'_>>(200)
    .headers(&[ReplyHeader::always(
        "X-Kratos-Authenticated-Identity-Id",
        "^[0-9a-f-]{36}$",
        "the identity",
    )])
    .refuses(&[Code::InvalidRequest])
}

/// The session was read when the caller was admitted; nothing is read here.
pub(super) async fn whoami(guarded: Guarded<ReadOwnSession>, call: Call) -> Answer {
    let app = &guarded.app;
    if call.query(&[])?.first("tokenize_as").is_some() {
        return Err(Error::field(
            "tokenize_as",
            "to be left out: there are no templates here that a session could be made a token by",
        )
        .into());
    }
    let known = guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::SessionInactive))?;
    let base_url = base_url(&call.request, &app.settings)?;
    let body = SessionBody::new(&known, app.clock.now()).for_itself(&known, &base_url);
    Reply::ok(&call.request)
        .header(
            "x-kratos-authenticated-identity-id",
            known.session.identity_id.to_string(),
        )
        .json(&body)
}

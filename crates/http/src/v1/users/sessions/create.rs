//! `POST /v1/users/{id}/sessions`

use palisade_authz::action::CreateSession;
use palisade_envelope::{Code, Error};

use super::{
    body::{IssuedBody, UserSessionBody},
    request::{self, IssueBody},
};
use crate::{
    call::{Call, Media},
    doc::Doc,
    guard::Guarded,
    problem::Answer,
    reply::Reply,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "createUserSession",
        "users.sessions.create",
        "users",
        "Issue a session of a user",
    )
    .body::<IssueBody>(Media::Json)
    .replies::<IssuedBody>(201)
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::NotFound,
        Code::IdentityInactive,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn create(guarded: Guarded<CreateSession>, mut call: Call) -> Answer {
    call.query(&[])?;
    let app = &guarded.app;
    let body = call.body(Media::Json).await?;
    let new = request::read(&body, &app.settings.sessions, app.clock.now())?;
    guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let (known, token) = app.store.create_session(guarded.grant, new).await?;
    let place = format!("/admin/sessions/{}", known.session.id);
    Reply::created(&call.request, place).json(&IssuedBody {
        session: UserSessionBody::new(known, app.clock.now()),
        token: token.reveal(),
    })
}

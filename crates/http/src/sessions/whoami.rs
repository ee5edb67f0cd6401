//! `GET /sessions/whoami`: whose session is this.

use palisade_authz::action::ReadOwnSession;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::ids::uuid_at;
use palisade_store::KnownSession;

use crate::{
    admin::sessions::SessionBody,
    call::Call,
    doc::{Doc, Kind, Param, ReplyHeader},
    guard::Guarded,
    jwks::issuer,
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
    .query(&[Param::new(
        "tokenize_as",
        Kind::Text,
        "a template of session tokens: the answer has the session as a signed token, too",
    )])
    .replies::<SessionBody<'_>>(200)
    .headers(&[ReplyHeader::always(
        "X-Kratos-Authenticated-Identity-Id",
        "^[0-9a-f-]{36}$",
        "the identity",
    )])
    .refuses(&[Code::InvalidRequest])
}

/// The session was read when the caller was admitted. Only for a token there is more to read: what the tenant signs
/// them with, which is cached.
pub(super) async fn whoami(guarded: Guarded<ReadOwnSession>, call: Call) -> Answer {
    let app = &guarded.app;
    let query = call.query(&[])?;
    let known = guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::SessionInactive))?;
    let base_url = base_url(&call.request, &app.settings)?;
    let mut body = SessionBody::new(&known, app.clock.now()).for_itself(&known, &base_url);
    if let Some(template) = query.first("tokenize_as") {
        let tokens = app.store.session_tokens(&guarded.grant).await?;
        let (template, key) = tokens.template(template).ok_or_else(|| {
            Error::field("tokenize_as", "the name of a template of session tokens")
        })?;
        let issuer = issuer(app.settings.public_url.as_deref(), guarded.grant.tenant());
        let now = app.clock.now();
        let shown = serde_json::to_value(&body).map_err(Error::internal)?;
        let claims = template.token(&issuer, whose(&known)?, &shown, (uuid_at(now), now))?;
        body = body.with_token(key.sign(&claims)?);
    }
    Reply::ok(&call.request)
        .header(
            "x-kratos-authenticated-identity-id",
            known.session.identity_id.to_string(),
        )
        .json(&body)
}

/// The session and its identity, which is read with it.
fn whose(
    known: &KnownSession,
) -> Result<(&palisade_identity::Session, &palisade_identity::Identity)> {
    let identity = known.identity.as_ref();
    let identity = identity.ok_or_else(|| Error::internal("a session without its identity"))?;
    Ok((&known.session, identity))
}

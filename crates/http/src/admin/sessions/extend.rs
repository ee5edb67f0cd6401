//! `PATCH /admin/sessions/{id}/extend`

use palisade_authz::action::ExtendSession;
use palisade_envelope::{Code, Error};

use super::body::{SessionBody, may_show_identity};
use crate::{
    call::Call,
    doc::Doc,
    guard::Guarded,
    problem::Answer,
    reply::{Reply, base_url},
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "extendSession",
        "sessions.extend",
        "sessions",
        "Let a session last the configured lifespan from now",
    )
    .replies::<SessionBody<'_>>(200)
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn extend(guarded: Guarded<ExtendSession>, call: Call) -> Answer {
    let app = &guarded.app;
    let mut known = guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    // The answer has the identity in it.
    may_show_identity(&call.request, &known).await?;
    let now = app.clock.now();
    if !known.is_active(now) {
        return Err(Error::with_message(
            Code::InvalidRequest,
            "the session is not active any more and can't be extended",
        )
        .into());
    }
    let until = now + app.settings.sessions.lifespan;
    app.store.extend_session(guarded.grant, until).await?;
    known.session.expires_at = known.session.expires_at.max(until);
    let base_url = base_url(&call.request, &app.settings)?;
    let body = SessionBody::new(&known, now)
        .with_identity(&known, &base_url)
        .with_devices(&known);
    Reply::ok(&call.request).json(&body)
}

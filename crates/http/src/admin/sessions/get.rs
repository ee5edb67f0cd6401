//! `GET /admin/sessions/{id}`

use palisade_authz::action::ReadSession;
use palisade_envelope::{Code, Error};

use super::{
    body::{SessionBody, may_show_identity},
    query::{EXPAND, Expand},
};
use crate::{
    call::Call,
    doc::Doc,
    guard::Guarded,
    problem::Answer,
    reply::{Reply, base_url},
};

pub(super) fn doc() -> Doc {
    Doc::new("getSession", "sessions.get", "sessions", "Get a session")
        .query(&[EXPAND])
        .replies::<SessionBody<'_>>(200)
        .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn get(guarded: Guarded<ReadSession>, call: Call) -> Answer {
    let app = &guarded.app;
    let expand = Expand::of(&call.query(&[])?)?;
    let known = guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let mut body = SessionBody::new(&known, app.clock.now());
    if expand.identity {
        may_show_identity(&call.request, &known).await?;
        body = body.with_identity(&known, &base_url(&call.request, &app.settings)?);
    }
    if expand.devices {
        body = body.with_devices(&known);
    }
    Reply::ok(&call.request).json(&body)
}

//! `DELETE /v1/users/{id}/identities/{link_id}`

use palisade_authz::action::UnlinkExternalIdentity;
use palisade_envelope::{Code, Error};
use palisade_identity::{change, credential::ways_to_sign_in};
use palisade_linking::manual::plan_unlink;

use crate::{
    call::Call,
    doc::{Doc, Kind, Param},
    guard::Guarded,
    problem::Answer,
    reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "unlinkUserIdentity",
        "users.identities.unlink",
        "users",
        "Remove a link",
    )
    .query(&[Param::new(
        "force",
        Kind::Flag,
        "also the last way to sign in, and links that a SCIM client manages",
    )])
    .empty()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::NotFound,
        Code::LastCredential,
        Code::ManagedByScim,
        Code::StaleResource,
    ])
}

pub(super) async fn unlink(guarded: Guarded<UnlinkExternalIdentity>, call: Call) -> Answer {
    let force = call.query(&["force"])?.flag("force")?;
    let absent = || Error::new(Code::NotFound);
    let Guarded {
        grant, loaded, app, ..
    } = guarded;
    let link = loaded.open(&grant).ok_or_else(absent)?;
    let identity = app
        .store
        .identity_to_unlink(&grant)
        .await?
        .ok_or_else(absent)?;
    let plan = plan_unlink(&link, ways_to_sign_in(&identity), force)?;
    let changed = change::unlink(
        &identity,
        &link.provider_name,
        link.provider_type,
        &link.external_id,
        app.clock.now(),
    );
    if app
        .store
        .unlink_external_identity(grant, plan, changed)
        .await?
    {
        no_content(&call.request)
    } else {
        Err(absent().into())
    }
}

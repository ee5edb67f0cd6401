//! `DELETE /v1/users/{id}/identities/{link_id}`

use palisade_authz::action::UnlinkExternalIdentity;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{change, credential::ways_to_sign_in};
use palisade_linking::manual::plan_unlink;

use crate::{
    call::Call,
    doc::{Doc, Kind, Param},
    guard::{Guarded, retried},
    problem::Answer,
    reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "unlinkUserIdentity",
        "users.identities.unlink",
        "users",
        "Remove a link; the external identity waits for a person, see `/v1/identities`",
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
    if retried(&call.request, guarded, |guarded| once(guarded, force)).await? {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}

async fn once(guarded: Guarded<UnlinkExternalIdentity>, force: bool) -> Result<bool> {
    let Guarded {
        grant, loaded, app, ..
    } = guarded;
    let Some(link) = loaded.open(&grant) else {
        return Ok(false);
    };
    let Some(identity) = app.store.identity_to_unlink(&grant).await? else {
        return Ok(false);
    };
    let plan = plan_unlink(&link, ways_to_sign_in(&identity), force)?;
    let (provider, kind, subject) = (&link.provider_name, link.provider_type, &link.external_id);
    let changed = change::unlink(&identity, provider, kind, subject, app.clock.now());
    let kept = app
        .store
        .release_external_identity(grant, plan, changed)
        .await?;
    Ok(kept.is_some())
}

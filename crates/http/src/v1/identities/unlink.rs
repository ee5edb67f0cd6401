//! `POST /v1/identities/{id}/unlink`

use palisade_authz::{
    Authorized, ExternalIdentityTarget,
    action::{ResolveExternalIdentity, UnlinkExternalIdentity},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    change::{self, Changed},
    credential::ways_to_sign_in,
};
use palisade_linking::{UnlinkPlan, manual::plan_unlink};
use palisade_store::Account;

use super::{body::AccountBody, opened, written};
use crate::{
    call::Call,
    doc::{Doc, Kind, Param},
    guard::{Guarded, decide},
    problem::Answer,
    reply::Reply,
};

pub(super) const FORCE: Param = Param::new(
    "force",
    Kind::Flag,
    "also the last way to sign in, and links that a SCIM client manages",
);

pub(super) fn doc() -> Doc {
    Doc::new(
        "unlinkExternalIdentity",
        "external_identities.unlink",
        "external identities",
        "Take a link away; the external identity waits for a person",
    )
    .query(&[FORCE])
    .replies::<AccountBody>(200)
    .tagged()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::NotFound,
        Code::LastCredential,
        Code::ManagedByScim,
        Code::NothingToUndo,
        Code::Conflict,
        Code::StaleResource,
    ])
}

pub(super) async fn unlink(guarded: Guarded<ResolveExternalIdentity>, call: Call) -> Answer {
    let force = call.query(&["force"])?.flag("force")?;
    let once = |guarded| once(guarded, &call, force);
    let account = written(&call, guarded, once).await?;
    Reply::ok(&call.request)
        .etag(account.revision)
        .json(&AccountBody::from(account))
}

async fn once(
    guarded: Guarded<ResolveExternalIdentity>,
    call: &Call,
    force: bool,
) -> Result<Account> {
    let Guarded {
        grant, loaded, app, ..
    } = guarded;
    let account = opened(call, loaded.open(&grant))?;
    if account.external.user_id.is_none() {
        return Err(Error::with_message(
            Code::NothingToUndo,
            "the external identity is linked to nobody",
        ));
    }
    let (leave, plan, changed) = parting(call, &account, force).await?;
    let kept = app
        .store
        .release_external_identity(leave, plan, changed)
        .await?;
    kept.ok_or_else(|| Error::new(Code::StaleResource))
}

/// The leave to take a link away, how, and what becomes of the user.
///
/// # Errors
/// `forbidden`; what [`plan_unlink`] refuses; `stale_resource` where the link is another's meanwhile.
pub(super) async fn parting(
    call: &Call,
    account: &Account,
    force: bool,
) -> Result<(Authorized<UnlinkExternalIdentity>, UnlinkPlan, Changed)> {
    let app = call.app()?;
    let external = &account.external;
    let target = ExternalIdentityTarget {
        user: external
            .user_id
            .ok_or_else(|| Error::new(Code::StaleResource))?,
        id: external.id,
        linked_by: external.linked_by,
    };
    let leave = decide::<UnlinkExternalIdentity>(&call.request, target).await?;
    let identity = app
        .store
        .identity_to_unlink(&leave)
        .await?
        .ok_or_else(|| Error::new(Code::StaleResource))?;
    let plan = plan_unlink(external, ways_to_sign_in(&identity), force)?;
    let changed = change::unlink(
        &identity,
        &external.provider_name,
        external.provider_type,
        &external.external_id,
        app.clock.now(),
    );
    Ok((leave, plan, changed))
}

//! `POST /v1/identities/{id}/undo`

use palisade_authz::{IdentityTarget, action::ResolveExternalIdentity};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::change;
use palisade_linking::manual::{UndoPlan, plan_undo};
use palisade_store::{Account, To};

use super::{
    body::AccountBody,
    link::linkable,
    opened,
    unlink::{FORCE, parting},
    written,
};
use crate::{
    call::Call, doc::Doc, guard::Guarded, let_in::may_let_in, problem::Answer, reply::Reply,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "undoExternalIdentity",
        "external_identities.undo",
        "external identities",
        "Take back what became of an external identity last: a link, an unlink, a rejection",
    )
    .query(&[FORCE])
    .replies::<AccountBody>(200)
    .tagged()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::NotFound,
        Code::NothingToUndo,
        Code::AlreadyLinked,
        Code::LastCredential,
        Code::ManagedByScim,
        Code::Conflict,
        Code::StaleResource,
    ])
}

pub(super) async fn undo(guarded: Guarded<ResolveExternalIdentity>, call: Call) -> Answer {
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
    let latest = app.store.latest_link_event(&grant).await?;
    let latest = latest.map(|event| (event.event, event.user, event.linked_by));
    match plan_undo(account.known(), latest)? {
        UndoPlan::Unlink(_) => {
            let (leave, plan, changed) = parting(call, &account, force).await?;
            let kept = app.store.undo_link(grant, leave, plan, changed).await?;
            kept.ok_or_else(|| Error::new(Code::StaleResource))
        }
        UndoPlan::Link(plan) => {
            let (link, identity) = linkable(call, plan.user()).await?;
            // Whom it was linked to is gone.
            let identity = identity.ok_or_else(|| Error::new(Code::NothingToUndo))?;
            let target = || IdentityTarget::of(&identity);
            may_let_in(&call.request, plan.provider(), target).await?;
            let changed = change::link(
                &identity,
                plan.provider_name(),
                plan.provider_type(),
                plan.external_id(),
                app.clock.now(),
            )?;
            let to = To::Known(link, identity.revision);
            app.store
                .resolve_external_identity(grant, to, plan, changed, true)
                .await
        }
        UndoPlan::Reopen(plan) => {
            app.store
                .mark_external_identity(grant, account.revision, plan)
                .await
        }
    }
}

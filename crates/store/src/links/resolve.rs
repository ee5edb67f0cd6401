//! Links an external identity that waits for a person, or one whose link was taken away, as a plan says.

use palisade_authz::{
    Authorized,
    action::{CreateIdentity, LinkExternalIdentity, ResolveExternalIdentity},
};
use palisade_envelope::{Error, Result};
use palisade_identity::change::Changed;
use palisade_linking::{LinkPlan, manual::Happened};
use palisade_tenancy::TenantId;

use super::{
    account::Account,
    history::{Note, note},
    link::{self, link},
    release::load,
};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    identities::{self, explain},
    job::Job,
    tx::TenantTx,
};

/// Whom an external identity is linked to.
#[derive(Debug)]
pub enum To {
    /// An identity that is there, at this revision: what the grant is on.
    Known(Authorized<LinkExternalIdentity>, i64),
    /// A new one.
    New(Authorized<CreateIdentity>),
}

impl Store {
    /// Links the external identity that is the grant's target as planned, and writes the identity's next state, or the new
    /// identity. `undo`: it takes back that the link was taken away.
    ///
    /// # Errors
    /// `already_linked` where somebody was faster; `not_found`, `stale_resource`, `conflict` as for a change of the
    /// identity, or for a new one.
    #[tracing::instrument(name = "store.external_identity.resolve", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn resolve_external_identity(
        &self,
        grant: Authorized<ResolveExternalIdentity>,
        to: To,
        plan: LinkPlan,
        changed: Changed,
        undo: bool,
    ) -> Result<Account> {
        let user = changed.identity.id;
        let (tenant, act, revision) = match &to {
            To::Known(link, revision) if link.target().id == user => {
                (link.tenant(), Act::of(link), Some(*revision))
            }
            To::Known(..) => {
                return Err(Error::internal(
                    "the change is of another identity than the grant",
                ));
            }
            To::New(create) => (create.tenant(), Act::of(create).on("Identity", user), None),
        };
        if plan.existing() != Some(grant.target().id)
            || plan.user() != user
            || tenant != grant.tenant()
        {
            return Err(Error::internal(
                "the plan is of another link than the grants",
            ));
        }
        let outcome = if undo { "undone" } else { "linked" };
        let resolving = Act::of(&grant)
            .detail("outcome", outcome)
            .detail("user_id", user.to_string());
        self.write(Resolve {
            acts: [resolving, act],
            revision,
            plan,
            changed,
            undo,
        })
        .await
    }
}

struct Resolve {
    acts: [Act; 2],
    revision: Option<i64>,
    plan: LinkPlan,
    changed: Changed,
    undo: bool,
}

impl Job for Resolve {
    type Output = Account;

    fn tenant(&self) -> TenantId {
        let [act, _] = &self.acts;
        act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Account, Fault> {
        let linked = match self.revision {
            Some(revision) => link(tx, revision, &self.plan, &self.changed).await?,
            None => {
                identities::create::write(tx, &self.changed).await?;
                link::write(tx, &self.plan).await?
            }
        };
        let event = Note {
            undo: self.undo,
            ..Note::of(Happened::Linked, linked.user_id, linked.linked_by)
        };
        let [act, _] = &self.acts;
        note(tx, act, linked.id, &event).await?;
        record(tx, &self.acts).await?;
        load(tx, linked.id).await
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        explain(tx, &self.changed.identity, fault).await
    }
}

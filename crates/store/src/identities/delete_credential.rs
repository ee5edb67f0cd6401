//! Removes a credential of an identity.

use palisade_authz::{
    Authorized,
    action::{DeleteCredential, UnlinkExternalIdentity},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::change::Changed;
use palisade_linking::{
    UnlinkPlan,
    imported::{plan, without},
};
use palisade_tenancy::TenantId;

use super::{explain, update};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, links::imported, tx::TenantTx,
};

impl Store {
    /// Writes the identity's next state, in which the credential is gone, and removes the link that went with it, for
    /// which `unlink` is needed. The identity must still be at the revision that the change was made from.
    ///
    /// # Errors
    /// `not_found`, `stale_resource` as for a change of the identity; `forbidden` for a link without its grant.
    #[tracing::instrument(name = "store.credential.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_credential(
        &self,
        grant: Authorized<DeleteCredential>,
        changed: Changed,
        unlink: Option<(Authorized<UnlinkExternalIdentity>, UnlinkPlan)>,
    ) -> Result<()> {
        let id = grant.target().id;
        let agrees = unlink.as_ref().is_none_or(|(unlink, plan)| {
            unlink.tenant() == grant.tenant()
                && unlink.target().user == id
                && plan.user() == id
                && plan.link() == unlink.target().id
        });
        if changed.identity.id != id || !agrees {
            return Err(Error::internal(
                "the change or the plan is of another identity than the grant",
            ));
        }
        self.write(Delete {
            act: Act::of(&grant),
            unlink: unlink.map(|(grant, plan)| (Act::of(&grant), plan)),
            changed,
        })
        .await
    }
}

struct Delete {
    act: Act,
    unlink: Option<(Act, UnlinkPlan)>,
    changed: Changed,
}

impl Job for Delete {
    type Output = ();

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        let after = &self.changed.identity;
        let before = update::write(tx, after.revision - 1, &self.changed).await?;
        let gone = without(&plan(&before), &plan(after));
        let granted = |name: &str, subject: &str| {
            self.unlink.as_ref().is_some_and(|(_, plan)| {
                plan.provider_name() == name && plan.external_id() == subject
            })
        };
        if !gone
            .iter()
            .all(|link| granted(link.provider_name(), link.external_id()))
        {
            return Err(Error::new(Code::Forbidden).into());
        }
        let forced = self.unlink.as_ref().is_some_and(|(_, plan)| plan.forced());
        let act = self.unlink.as_ref().map_or(&self.act, |(act, _)| act);
        imported::unlink(tx, act, forced, after.id, &gone).await?;
        let acts = std::iter::once(&self.act).chain(self.unlink.as_ref().map(|(act, _)| act));
        record(tx, acts).await
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        explain(tx, &self.changed.identity, fault).await
    }
}

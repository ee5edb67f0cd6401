//! Removes a link, as a plan says.

use palisade_authz::{Authorized, action::UnlinkExternalIdentity};
use palisade_envelope::{Error, Result};
use palisade_identity::change::Changed;
use palisade_linking::{UnlinkPlan, manual::Happened};
use palisade_tenancy::TenantId;

use super::history::{Note, note};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    identities::{explain, update},
    job::Job,
    sql::TenantSql,
    tx::TenantTx,
};

const UNLINK: TenantSql = TenantSql::new(
    "DELETE FROM external_identities WHERE tenant_id = $1 AND id = $2 AND identity_id = $3",
);

impl Store {
    /// Removes the link as planned, and writes the identity's next state, in which no credential shows it; `false`
    /// where the link is gone already. The identity must still be at the revision that the change was made from.
    ///
    /// # Errors
    /// `not_found`, `stale_resource`, `conflict` as for a change of the identity.
    #[tracing::instrument(name = "store.external_identity.unlink", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn unlink_external_identity(
        &self,
        grant: Authorized<UnlinkExternalIdentity>,
        plan: UnlinkPlan,
        changed: Changed,
    ) -> Result<bool> {
        let target = grant.target();
        if plan.link() != target.id
            || plan.user() != target.user
            || changed.identity.id != target.user
        {
            return Err(Error::internal(
                "the plan or the change is of another link than the grant",
            ));
        }
        let act = Act::of(&grant);
        let act = if plan.forced() {
            act.detail("forced", true)
        } else {
            act
        };
        self.write(Unlink { act, plan, changed }).await
    }
}

struct Unlink {
    act: Act,
    plan: UnlinkPlan,
    changed: Changed,
}

impl Job for Unlink {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let key = [
            self.plan.link().as_uuid().into(),
            self.plan.user().as_uuid().into(),
        ];
        if tx.execute(UNLINK, key).await? == 0 {
            return Ok(false);
        }
        update::write(tx, self.changed.identity.revision - 1, &self.changed).await?;
        let event = Note {
            forced: self.plan.forced(),
            ..Note::of(
                Happened::Unlinked,
                Some(self.plan.user()),
                self.plan.linked_by(),
            )
        };
        note(tx, &self.act, self.plan.link(), &event).await?;
        record(tx, [&self.act]).await?;
        Ok(true)
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        explain(tx, &self.changed.identity, fault).await
    }
}

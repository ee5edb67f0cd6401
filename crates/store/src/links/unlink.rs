//! Removes a link, as a plan says.

use palisade_authz::{Authorized, action::UnlinkExternalIdentity};
use palisade_envelope::{Error, Result};
use palisade_identity::change::Changed;
use palisade_linking::UnlinkPlan;
use palisade_tenancy::TenantId;

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

// What a connection provisions, it does so through its link: without it, it is as absent to it as anybody else.
const PROVISIONED: TenantSql = TenantSql::new(
    "SELECT u.provider_id FROM external_identities x
     JOIN scim_users u ON u.tenant_id = x.tenant_id AND u.provider_id = x.provider_id AND u.identity_id = x.identity_id
     WHERE x.tenant_id = $1 AND x.id = $2 AND x.identity_id = $3 AND x.linked_by = 'scim'",
);
const FORGET: TenantSql =
    TenantSql::new("DELETE FROM scim_users WHERE tenant_id = $1 AND identity_id = $2");

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
        let key = || {
            [
                self.plan.link().as_uuid().into(),
                self.plan.user().as_uuid().into(),
            ]
        };
        if tx.one(PROVISIONED, key()).await?.is_some() {
            crate::scim::leave_groups(tx, self.plan.user()).await?;
            tx.execute(FORGET, [self.plan.user().as_uuid().into()])
                .await?;
        }
        if tx.execute(UNLINK, key()).await? == 0 {
            return Ok(false);
        }
        update::write(tx, self.changed.identity.revision - 1, &self.changed).await?;
        record(tx, [&self.act]).await?;
        Ok(true)
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        explain(tx, &self.changed.identity, fault).await
    }
}

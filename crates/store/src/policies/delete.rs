//! Deletes a policy.

use palisade_authz::{Authorized, StoredPolicy, action::DeletePolicy};
use palisade_envelope::{Code, Error, Result};
use palisade_tenancy::TenantId;

use super::{Check, check, load, raise_version};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx,
};

const DELETE: TenantSql = TenantSql::new("DELETE FROM policies WHERE tenant_id = $1 AND name = $2");

impl Store {
    /// Deletes the policy that is the grant's target; `false` where it is not there. `check` and `if_revision` as in
    /// [`Store::put_policy`].
    ///
    /// # Errors
    /// What `check` says; `stale_resource`.
    #[tracing::instrument(name = "store.policy.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_policy(
        &self,
        grant: Authorized<DeletePolicy>,
        if_revision: Option<i64>,
        check: impl Fn(&[StoredPolicy]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<bool> {
        let name = grant.target().id().to_owned();
        self.write(Delete {
            act: Act::of(&grant),
            name,
            if_revision,
            check: Box::new(check),
        })
        .await
    }
}

struct Delete {
    act: Act,
    name: String,
    if_revision: Option<i64>,
    check: Check,
}

impl Job for Delete {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let Some(before) = load(tx, &self.name).await? else {
            return Ok(false);
        };
        raise_version(tx).await?;
        if self
            .if_revision
            .is_some_and(|revision| revision != before.revision)
        {
            return Err(Error::new(Code::StaleResource).into());
        }
        let deleted = tx.execute(DELETE, [self.name.as_str().into()]).await? > 0;
        check(tx, &self.check).await?;
        if deleted {
            record(tx, [&self.act]).await?;
        }
        Ok(deleted)
    }
}

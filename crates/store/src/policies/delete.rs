//! Deletes a policy.

use palisade_authz::{Authorized, StoredPolicy, action::DeletePolicy};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::etag::IfMatch;
use palisade_tenancy::TenantId;

use super::{Check, check, load, raise_version};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx,
};

const DELETE: TenantSql = TenantSql::new("DELETE FROM policies WHERE tenant_id = $1 AND name = $2");

impl Store {
    /// Deletes the policy that is the grant's target; `false` where it is not there. `check` and `expected` as in
    /// [`Store::put_policy`].
    ///
    /// # Errors
    /// What `check` says; `stale_resource`.
    #[tracing::instrument(name = "store.policy.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_policy(
        &self,
        grant: Authorized<DeletePolicy>,
        expected: Option<IfMatch>,
        check: impl Fn(&[StoredPolicy]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<bool> {
        let name = grant.target().id().to_owned();
        self.write(Delete {
            act: Act::of(&grant),
            name,
            expected,
            check: Box::new(check),
        })
        .await
    }
}

struct Delete {
    act: Act,
    name: String,
    expected: Option<IfMatch>,
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
        if load(tx, &self.name).await?.is_none() {
            return Ok(false);
        }
        raise_version(tx).await?;
        // Once more, now that nobody else changes the tenant's policies.
        let before = load(tx, &self.name)
            .await?
            .ok_or_else(|| Error::new(Code::NotFound))?;
        IfMatch::check_sent(self.expected.as_ref(), Some(before.revision))?;
        tx.execute(DELETE, [self.name.as_str().into()]).await?;
        check(tx, &self.check).await?;
        record(tx, [&self.act]).await?;
        Ok(true)
    }
}

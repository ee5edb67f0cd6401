//! Marks a tenant for deletion. Its rows wait for the purge; nobody gets in.

use palisade_authz::{Authorized, action::DeleteTenant};
use palisade_envelope::Result;
use palisade_identity::etag::IfMatch;
use palisade_tenancy::TenantId;

use super::load_locked;
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, keys::tenant_of, row,
    sql::TenantSql, tx::TenantTx,
};

// The slug is free for a new tenant, which has another id and sees nothing of this one.
const MARK: TenantSql = TenantSql::new(
    "UPDATE tenants SET state = 'deleted', name = name || $2, updated_at = $3, revision = revision + 1
     WHERE tenants.id = $1 AND state <> 'deleted'",
);

impl Store {
    /// Marks the tenant that is the grant's target as deleted; `false` where it is not there. The operator's own
    /// tenant can't be deleted. `expected`: only at one of these revisions.
    ///
    /// # Errors
    /// `stale_resource`; `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.tenant.delete", skip_all, fields(tenant.id = %grant.target().id()))]
    pub async fn delete_tenant(
        &self,
        grant: Authorized<DeleteTenant>,
        expected: Option<IfMatch>,
    ) -> Result<bool> {
        let of = tenant_of(grant.target())?;
        if of == TenantId::PLATFORM {
            return Ok(false);
        }
        self.write(Mark {
            act: Act::of(&grant),
            of,
            expected,
        })
        .await
    }
}

struct Mark {
    act: Act,
    of: TenantId,
    expected: Option<IfMatch>,
}

impl Job for Mark {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.of)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        if self.expected.is_some()
            && let Some(tenant) = load_locked(&tx.of(self.of)).await?
        {
            IfMatch::check_sent(self.expected.as_ref(), Some(tenant.revision))?;
        }
        // No slug holds a tilde, so that the name of a deleted tenant is never in the way of another's.
        let suffix = format!("~{}", self.of);
        let found = tx
            .of(self.of)
            .execute(MARK, [suffix.into(), row::at(tx.now())])
            .await?
            > 0;
        if found {
            record(tx, [&self.act]).await?;
        }
        Ok(found)
    }
}

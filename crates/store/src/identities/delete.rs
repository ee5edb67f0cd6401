//! Deletes an identity, with everything that belongs to it.

use palisade_authz::{Authorized, action};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::IdentityId;
use palisade_tenancy::TenantId;

use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx,
};

// The rows that belong to it go by their foreign keys.
const DELETE: TenantSql = TenantSql::new("DELETE FROM identities WHERE tenant_id = $1 AND id = $2");
const DELETE_AT: TenantSql =
    TenantSql::new("DELETE FROM identities WHERE tenant_id = $1 AND id = $2 AND revision = $3");
const IS_THERE: TenantSql =
    TenantSql::new("SELECT 1 FROM identities WHERE tenant_id = $1 AND id = $2");

impl Store {
    /// Deletes the identity that is the grant's target, its identifiers, addresses, secrets and links; `false` where
    /// it is not there. `if_revision`: only at that revision.
    ///
    /// # Errors
    /// `stale_resource`.
    #[tracing::instrument(name = "store.identity.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_identity(
        &self,
        grant: Authorized<action::DeleteIdentity>,
        if_revision: Option<i64>,
    ) -> Result<bool> {
        let id = grant.target().id;
        self.write(Delete {
            act: Act::of(&grant),
            id,
            if_revision,
        })
        .await
    }
}

struct Delete {
    act: Act,
    id: IdentityId,
    if_revision: Option<i64>,
}

impl Job for Delete {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let id = self.id.as_uuid();
        let deleted = match self.if_revision {
            Some(revision) => tx.execute(DELETE_AT, [id.into(), revision.into()]).await?,
            None => tx.execute(DELETE, [id.into()]).await?,
        };
        if deleted > 0 {
            record(tx, [&self.act]).await?;
            return Ok(true);
        }
        if self.if_revision.is_some() && tx.one(IS_THERE, [id.into()]).await?.is_some() {
            return Err(Error::new(Code::StaleResource).into());
        }
        Ok(false)
    }
}

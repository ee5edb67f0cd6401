//! Deletes the sessions of an identity.

use palisade_authz::{Authorized, action::DeleteIdentitySessions};
use palisade_envelope::Result;
use palisade_identity::IdentityId;
use palisade_tenancy::TenantId;

use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx,
};

const DELETE: TenantSql =
    TenantSql::new("DELETE FROM sessions WHERE tenant_id = $1 AND identity_id = $2");

impl Store {
    /// Deletes all sessions of the identity that is the grant's target, ended ones among them; how many there were.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_identity_sessions(
        &self,
        grant: Authorized<DeleteIdentitySessions>,
    ) -> Result<u64> {
        self.write(Delete {
            identity: grant.target().id,
            act: Act::of(&grant),
        })
        .await
    }
}

struct Delete {
    act: Act,
    identity: IdentityId,
}

impl Job for Delete {
    type Output = u64;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<u64, Fault> {
        let deleted = tx.execute(DELETE, [self.identity.as_uuid().into()]).await?;
        if deleted > 0 {
            record(tx, [&self.act]).await?;
        }
        Ok(deleted)
    }
}

//! Revokes a key: it stays in the list and is refused from now on.

use palisade_authz::{
    Authorized,
    action::{RevokeApiKey, RevokeTenantKey},
};
use palisade_envelope::Result;
use palisade_tenancy::{KeyId, TenantId};

use super::tenant_of;
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row, sql::TenantSql,
    tx::TenantTx,
};

const REVOKE: TenantSql = TenantSql::new(
    "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE tenant_id = $1 AND id = $2",
);

impl Store {
    /// Revokes the key that is the grant's target; `false` where the tenant has none of that id. To revoke it once
    /// more changes nothing.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.api_key.revoke", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn revoke_api_key(&self, grant: Authorized<RevokeApiKey>) -> Result<bool> {
        let Some(key) = KeyId::parse(grant.target().id()) else {
            return Ok(false);
        };
        self.write(RevokeKey {
            act: Act::of(&grant),
            of: grant.tenant(),
            key,
        })
        .await
    }

    /// Revokes a key of the tenant that is the grant's target.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.tenant.revoke_key", skip_all, fields(tenant.id = %grant.target().id()))]
    pub async fn revoke_tenant_key(
        &self,
        grant: Authorized<RevokeTenantKey>,
        key: KeyId,
    ) -> Result<bool> {
        let of = tenant_of(grant.target())?;
        self.write(RevokeKey {
            act: Act::of(&grant).on("ApiKey", key),
            of,
            key,
        })
        .await
    }
}

struct RevokeKey {
    act: Act,
    of: TenantId,
    key: KeyId,
}

impl Job for RevokeKey {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.of)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let values = [self.key.as_uuid().into(), row::at(tx.now())];
        let found = tx.of(self.of).execute(REVOKE, values).await? > 0;
        if found {
            record(tx, [&self.act]).await?;
        }
        Ok(found)
    }
}

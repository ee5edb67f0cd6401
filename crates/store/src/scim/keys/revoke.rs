//! Revokes a key of a connection: it stays in the list and is refused from now on.

use palisade_authz::{Authorized, action::RevokeConnectionKey};
use palisade_envelope::Result;
use palisade_identity::ProviderId;
use palisade_tenancy::{KeyId, TenantId};

use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row, sql::TenantSql,
    tx::TenantTx,
};

const REVOKE: TenantSql = TenantSql::new(
    "UPDATE connection_keys SET revoked_at = coalesce(revoked_at, $4)
     WHERE tenant_id = $1 AND provider_id = $2 AND id = $3",
);

impl Store {
    /// Revokes this key of the connection that is the grant's target; `false` where it has none of that id. To revoke it once
    /// more changes nothing.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.connection_key.revoke", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn revoke_connection_key(
        &self,
        grant: Authorized<RevokeConnectionKey>,
        key: KeyId,
    ) -> Result<bool> {
        let Some(provider) = ProviderId::parse(grant.target().id()) else {
            return Ok(false);
        };
        self.write(Revoke {
            act: Act::of(&grant).detail("key_id", key.to_string()),
            provider,
            key,
        })
        .await
    }
}

struct Revoke {
    act: Act,
    provider: ProviderId,
    key: KeyId,
}

impl Job for Revoke {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let values = [
            self.provider.as_uuid().into(),
            self.key.as_uuid().into(),
            row::at(tx.now()),
        ];
        let found = tx.execute(REVOKE, values).await? > 0;
        if found {
            record(tx, [&self.act]).await?;
        }
        Ok(found)
    }
}

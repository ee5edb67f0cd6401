//! Changes a provider.

use palisade_authz::{Authorized, action::UpdateIdentityProvider};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{IdentityProvider, ProviderId};
use palisade_tenancy::TenantId;

use super::{IdentityProviderUpdate, load};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row, sql::TenantSql,
    tx::TenantTx,
};

const UPDATE: TenantSql = TenantSql::new(
    "UPDATE identity_providers SET issuer = $3, updated_at = $4, revision = revision + 1
     WHERE tenant_id = $1 AND id = $2 AND revision = $5",
);

impl Store {
    /// Changes the provider that is the grant's target; `None` where it is not there. `if_revision`: only from that
    /// revision.
    ///
    /// # Errors
    /// `stale_resource`.
    #[tracing::instrument(name = "store.identity_provider.update", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn update_identity_provider(
        &self,
        grant: Authorized<UpdateIdentityProvider>,
        update: IdentityProviderUpdate,
        if_revision: Option<i64>,
    ) -> Result<Option<IdentityProvider>> {
        let Some(id) = ProviderId::parse(grant.target().id()) else {
            return Ok(None);
        };
        self.write(Update {
            act: Act::of(&grant),
            id,
            update,
            if_revision,
        })
        .await
    }
}

struct Update {
    act: Act,
    id: ProviderId,
    update: IdentityProviderUpdate,
    if_revision: Option<i64>,
}

impl Job for Update {
    type Output = Option<IdentityProvider>;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Option<IdentityProvider>, Fault> {
        let Some(mut provider) = load(tx, self.id).await? else {
            return Ok(None);
        };
        if self
            .if_revision
            .is_some_and(|revision| revision != provider.revision)
        {
            return Err(Error::new(Code::StaleResource).into());
        }
        let IdentityProviderUpdate { issuer } = self.update.clone();
        provider.issuer = issuer.unwrap_or(provider.issuer);
        provider.updated_at = tx.now();
        let values = [
            self.id.as_uuid().into(),
            row::maybe_text(provider.issuer.as_deref()),
            row::at(provider.updated_at),
            provider.revision.into(),
        ];
        if tx.execute(UPDATE, values).await? == 0 {
            return Err(Error::new(Code::StaleResource).into());
        }
        provider.revision += 1;
        record(tx, [&self.act]).await?;
        Ok(Some(provider))
    }
}

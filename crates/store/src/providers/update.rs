//! Changes a provider.

use palisade_authz::{Authorized, action::UpdateIdentityProvider};
use palisade_envelope::Result;
use palisade_identity::{IdentityProvider, ProviderId, etag::IfMatch};
use palisade_tenancy::TenantId;

use super::{IdentityProviderUpdate, ProviderSettings, load_locked};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row, sql::TenantSql,
    tx::TenantTx,
};

const UPDATE: TenantSql = TenantSql::new(
    "UPDATE identity_providers SET issuer = $3, updated_at = $4, revision = revision + 1
     WHERE tenant_id = $1 AND id = $2",
);

const TRUST: TenantSql = TenantSql::new(
    "UPDATE identity_providers SET enabled = $3, linking = $4, tokens = $5 WHERE tenant_id = $1 AND id = $2",
);

/// Writes what the provider is trusted with.
pub(super) async fn trust(
    tx: &TenantTx<'_>,
    id: ProviderId,
    settings: &ProviderSettings,
) -> Result<(), Fault> {
    let values = [
        id.as_uuid().into(),
        i16::from(settings.enabled).into(),
        row::json(&settings.linking)?,
        settings
            .tokens
            .as_ref()
            .map_or(Ok(row::maybe_text(None)), row::json)?,
    ];
    tx.execute(TRUST, values).await?;
    Ok(())
}

impl Store {
    /// Changes the provider that is the grant's target; `None` where it is not there. `expected`: only from one of
    /// these revisions.
    ///
    /// # Errors
    /// `stale_resource`.
    #[tracing::instrument(name = "store.identity_provider.update", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn update_identity_provider(
        &self,
        grant: Authorized<UpdateIdentityProvider>,
        update: IdentityProviderUpdate,
        expected: Option<IfMatch>,
    ) -> Result<Option<IdentityProvider>> {
        let Some(id) = ProviderId::parse(grant.target().id()) else {
            return Ok(None);
        };
        self.write(Update {
            act: Act::of(&grant),
            id,
            update,
            expected,
        })
        .await
    }
}

struct Update {
    act: Act,
    id: ProviderId,
    update: IdentityProviderUpdate,
    expected: Option<IfMatch>,
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
        let Some(mut provider) = load_locked(tx, self.id).await? else {
            return Ok(None);
        };
        IfMatch::check_sent(self.expected.as_ref(), Some(provider.revision))?;
        let IdentityProviderUpdate { issuer, settings } = self.update.clone();
        provider.issuer = issuer.unwrap_or(provider.issuer);
        if let Some(settings) = settings {
            trust(tx, self.id, &settings).await?;
            let ProviderSettings {
                enabled,
                linking,
                tokens,
            } = settings;
            (provider.enabled, provider.linking, provider.tokens) = (enabled, linking, tokens);
        }
        provider.updated_at = tx.now();
        let values = [
            self.id.as_uuid().into(),
            row::maybe_text(provider.issuer.as_deref()),
            row::at(provider.updated_at),
        ];
        tx.execute(UPDATE, values).await?;
        provider.revision += 1;
        record(tx, [&self.act]).await?;
        Ok(Some(provider))
    }
}

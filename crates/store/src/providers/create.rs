//! Makes a provider.

use palisade_authz::{Authorized, action::CreateIdentityProvider};
use palisade_envelope::Result;
use palisade_identity::{IdentityProvider, ProviderId, ProviderType};
use palisade_tenancy::TenantId;

use super::{NewIdentityProvider, ProviderSettings, alone, update::trust};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row, sql::Bound, tx::TenantTx,
};

impl Store {
    /// Makes a provider.
    ///
    /// # Errors
    /// `conflict` on `name`, or where another provider takes the same tokens; `limit_reached`.
    #[tracing::instrument(name = "store.identity_provider.create", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn create_identity_provider(
        &self,
        grant: Authorized<CreateIdentityProvider>,
        new: NewIdentityProvider,
    ) -> Result<IdentityProvider> {
        let id = ProviderId::generate(self.inner.clock.now());
        self.write(Create {
            act: Act::of(&grant).on("IdentityProvider", id),
            id,
            new,
        })
        .await
    }
}

struct Create {
    act: Act,
    id: ProviderId,
    new: NewIdentityProvider,
}

impl Job for Create {
    type Output = IdentityProvider;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<IdentityProvider, Fault> {
        let provider = insert(tx, self.id, &self.new).await?;
        record(tx, [&self.act]).await?;
        Ok(provider)
    }
}

/// Writes the row of a new provider.
async fn insert(
    tx: &TenantTx<'_>,
    id: ProviderId,
    new: &NewIdentityProvider,
) -> Result<IdentityProvider, Fault> {
    let NewIdentityProvider {
        name,
        kind,
        issuer,
        settings,
    } = new;
    let row = (id, name.as_str(), *kind, issuer.as_deref());
    tx.together(insertion(tx, [row])).await?;
    if *settings != ProviderSettings::default() {
        trust(tx, id, settings).await?;
    }
    let provider = IdentityProvider {
        id,
        name: name.clone(),
        kind: *kind,
        issuer: issuer.clone(),
        enabled: settings.enabled,
        linking: settings.linking.clone(),
        tokens: settings.tokens.clone(),
        created_at: tx.now(),
        updated_at: tx.now(),
        revision: 1,
    };
    alone(tx, &provider).await?;
    Ok(provider)
}

/// The statement that writes the rows of new providers: id, name, type and issuer.
pub(crate) fn insertion<'a>(
    tx: &TenantTx<'_>,
    new: impl IntoIterator<Item = (ProviderId, &'a str, ProviderType, Option<&'a str>)>,
) -> Option<Bound> {
    let rows = new.into_iter().map(|(id, name, kind, issuer)| {
        vec![
            id.as_uuid().into(),
            name.into(),
            kind.as_str().into(),
            row::maybe_text(issuer),
            row::at(tx.now()),
            row::at(tx.now()),
            1_i64.into(),
        ]
    });
    let columns = [
        "id",
        "name",
        "type",
        "issuer",
        "created_at",
        "updated_at",
        "revision",
    ];
    tx.insertion("identity_providers", &columns, rows)
}

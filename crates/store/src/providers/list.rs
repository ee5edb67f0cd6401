//! Lists and reads providers.

use palisade_authz::{
    Authorized,
    action::{ListIdentityProviders, ReadIdentityProvider},
};
use palisade_envelope::Result;
use palisade_identity::{IdentityProvider, ProviderId, ids::Uuid};
use palisade_tenancy::TenantScope;

use super::{load, provider, provider_columns};
use crate::{Page, PageRequest, Store, fault::Fault, page::TokenSealer, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(concat!(
    "SELECT ",
    provider_columns!(),
    " FROM identity_providers WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3"
));

impl Store {
    /// A page of the tenant's providers, in the order they were made.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    pub async fn list_identity_providers(
        &self,
        grant: &Authorized<ListIdentityProviders>,
        page: &PageRequest,
    ) -> Result<Page<IdentityProvider>> {
        let sealer = TokenSealer::new(
            self.page_token_key().await?,
            grant.tenant(),
            "identity_providers",
            "",
        );
        let after = sealer.after(page, Uuid::nil())?;
        let values = [after.into(), page.limit().into()];
        let rows = self.read_all(grant.tenant(), LIST, values).await?;
        let providers = rows
            .iter()
            .map(provider)
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(Page::of(providers, page.size, &sealer, |provider| {
            provider.id.as_uuid()
        }))
    }

    /// The provider that is the grant's target.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn read_identity_provider(
        &self,
        grant: &Authorized<ReadIdentityProvider>,
    ) -> Result<Option<IdentityProvider>> {
        match ProviderId::parse(grant.target().id()) {
            Some(id) => self.identity_provider(grant.scope(), id).await,
            None => Ok(None),
        }
    }

    /// The provider of this id, to plan a link with.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn identity_provider(
        &self,
        scope: &TenantScope,
        id: ProviderId,
    ) -> Result<Option<IdentityProvider>> {
        Ok(load(&self.reader(scope), id).await?)
    }
}

//! Lists and reads providers.

use palisade_authz::{
    Authorized,
    action::{ListIdentityProviders, ReadIdentityProvider},
};
use palisade_envelope::Result;
use palisade_identity::{IdentityProvider, ProviderId};
use palisade_tenancy::TenantScope;

use super::{load, provider};
use crate::{Store, fault::Fault, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(
    "SELECT id, name, type, issuer, created_at, updated_at, revision
     FROM identity_providers WHERE tenant_id = $1 ORDER BY id",
);

impl Store {
    /// The tenant's providers in the order they were made.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn list_identity_providers(
        &self,
        grant: &Authorized<ListIdentityProviders>,
    ) -> Result<Vec<IdentityProvider>> {
        let rows = self.read_all(grant.tenant(), LIST, []).await?;
        Ok(rows
            .iter()
            .map(provider)
            .collect::<Result<Vec<_>, Fault>>()?)
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

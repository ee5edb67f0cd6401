//! Lists keys.

use palisade_authz::{
    Authorized,
    action::{ListApiKeys, ListTenantKeys},
};
use palisade_envelope::Result;
use palisade_tenancy::TenantId;

use super::{ApiKeyRecord, record, tenant_of};
use crate::{Store, fault::Fault, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(
    "SELECT id, name, roles, allowed_cidrs, expires_at, revoked_at, last_used_at, created_at
     FROM api_keys WHERE tenant_id = $1 ORDER BY id",
);

impl Store {
    /// The keys of the caller's tenant, revoked ones among them, in the order they were made.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn list_api_keys(
        &self,
        grant: &Authorized<ListApiKeys>,
    ) -> Result<Vec<ApiKeyRecord>> {
        self.keys_of(grant.tenant()).await
    }

    /// The keys of the tenant that is the grant's target; of [`TenantId::PLATFORM`]: the operator's.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn list_tenant_keys(
        &self,
        grant: &Authorized<ListTenantKeys>,
    ) -> Result<Vec<ApiKeyRecord>> {
        self.keys_of(tenant_of(grant.target())?).await
    }

    async fn keys_of(&self, tenant: TenantId) -> Result<Vec<ApiKeyRecord>> {
        let rows = self.read_all(tenant, LIST, []).await?;
        Ok(rows.iter().map(record).collect::<Result<Vec<_>, Fault>>()?)
    }
}

//! Lists and reads keys.

use palisade_authz::{
    Authorized,
    action::{ListApiKeys, ListTenantKeys, ReadApiKey},
};
use palisade_envelope::Result;
use palisade_identity::ids::Uuid;
use palisade_tenancy::{KeyId, TenantId};

use super::{ApiKeyRecord, record, tenant_of};
use crate::{Page, PageRequest, Store, fault::Fault, page::TokenSealer, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(
    "SELECT id, name, roles, allowed_cidrs, expires_at, revoked_at, last_used_at, created_at,
        replaced_by
     FROM api_keys WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
);

const ONE: TenantSql = TenantSql::new(
    "SELECT id, name, roles, allowed_cidrs, expires_at, revoked_at, last_used_at, created_at,
        replaced_by
     FROM api_keys WHERE tenant_id = $1 AND id = $2",
);

impl Store {
    /// The key that is the grant's target; `None` where the tenant has none of that id.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn read_api_key(
        &self,
        grant: &Authorized<ReadApiKey>,
    ) -> Result<Option<ApiKeyRecord>> {
        let Some(id) = KeyId::parse(grant.target().id()) else {
            return Ok(None);
        };
        let row = self
            .read_one(grant.tenant(), ONE, [id.as_uuid().into()])
            .await?;
        Ok(row.as_ref().map(record).transpose()?)
    }

    /// A page of the keys of the caller's tenant, revoked ones among them, in the order they were made.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    pub async fn list_api_keys(
        &self,
        grant: &Authorized<ListApiKeys>,
        page: &PageRequest,
    ) -> Result<Page<ApiKeyRecord>> {
        self.keys_of(grant.tenant(), grant.tenant(), page).await
    }

    /// A page of the keys of the tenant that is the grant's target; of [`TenantId::PLATFORM`]: the operator's.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    pub async fn list_tenant_keys(
        &self,
        grant: &Authorized<ListTenantKeys>,
        page: &PageRequest,
    ) -> Result<Page<ApiKeyRecord>> {
        let of = tenant_of(grant.target())?;
        self.keys_of(grant.tenant(), of, page).await
    }

    async fn keys_of(
        &self,
        caller: TenantId,
        of: TenantId,
        page: &PageRequest,
    ) -> Result<Page<ApiKeyRecord>> {
        let filter = of.to_string();
        let sealer = TokenSealer::new(self.page_token_key().await?, caller, "api_keys", &filter);
        let after = sealer.after(page, Uuid::nil())?;
        let values = [after.into(), page.limit().into()];
        let rows = self.read_all(of, LIST, values).await?;
        let keys = rows.iter().map(record).collect::<Result<Vec<_>, Fault>>()?;
        Ok(Page::of(keys, page.size, &sealer, |key| key.id.as_uuid()))
    }
}

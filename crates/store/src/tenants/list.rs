//! Lists and reads tenants.

use palisade_authz::{
    Authorized,
    action::{ListTenants, ReadTenant},
};
use palisade_envelope::Result;
use sea_orm::{ConnectionTrait as _, Statement, Value};

use super::{Tenant, load, tenant};
use crate::{Page, PageRequest, Store, fault::Fault, keys::tenant_of, page::TokenSealer};

const LIST: &str = "SELECT id, name, display_name, state, created_at, updated_at, revision
     FROM tenants WHERE state <> 'deleted' AND id > $1 ORDER BY id LIMIT $2";
const BY_NAME: &str = "SELECT id, name, display_name, state, created_at, updated_at, revision
     FROM tenants WHERE state <> 'deleted' AND name = $1";

impl Store {
    /// A page of the tenants that are not deleted, in the order they were made, without the operator's own.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    pub async fn list_tenants(
        &self,
        grant: &Authorized<ListTenants>,
        page: &PageRequest,
    ) -> Result<Page<Tenant>> {
        let sealer = TokenSealer::new(self.page_token_key().await?, grant.tenant(), "tenants", "");
        // The operator's own tenant is the smallest of all ids.
        let after = sealer.after(page, palisade_tenancy::TenantId::PLATFORM.as_uuid())?;
        let tenants = self
            .tenants(LIST, [after.into(), page.limit().into()])
            .await?;
        Ok(Page::of(tenants, page.size, &sealer, |tenant| {
            tenant.id.as_uuid()
        }))
    }

    /// The tenant with this slug, if it is there and not deleted.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn tenant_by_name(
        &self,
        _grant: &Authorized<ListTenants>,
        name: &str,
    ) -> Result<Option<Tenant>> {
        Ok(self.tenants(BY_NAME, [name.into()]).await?.pop())
    }

    /// The tenant that is the grant's target, if it is there and not deleted.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn read_tenant(&self, grant: &Authorized<ReadTenant>) -> Result<Option<Tenant>> {
        Ok(load(&self.reader_of(tenant_of(grant.target())?)).await?)
    }

    async fn tenants(
        &self,
        text: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Tenant>, Fault> {
        let common = &self.inner.common;
        let statement = Statement::from_sql_and_values(common.get_database_backend(), text, values);
        common
            .query_all_raw(statement)
            .await?
            .iter()
            .map(tenant)
            .collect()
    }
}

//! Renames a tenant.

use palisade_authz::{Authorized, action::UpdateTenant};
use palisade_envelope::Result;
use palisade_identity::etag::IfMatch;
use palisade_tenancy::{TenantId, TenantName};

use super::{Tenant, TenantUpdate, load_locked};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, keys::tenant_of, row,
    sql::TenantSql, tx::TenantTx,
};

const UPDATE: TenantSql = TenantSql::new(
    "UPDATE tenants SET name = $2, display_name = $3, updated_at = $4, revision = revision + 1
     WHERE tenants.id = $1",
);

impl Store {
    /// Changes the tenant that is the grant's target; `None` where it is not there. `expected`: only from one of
    /// these revisions.
    ///
    /// # Errors
    /// `invalid_request` for a name that is no slug or reserved; `conflict` on `name`; `stale_resource`.
    #[tracing::instrument(name = "store.tenant.update", skip_all, fields(tenant.id = %grant.target().id()))]
    pub async fn update_tenant(
        &self,
        grant: Authorized<UpdateTenant>,
        update: TenantUpdate,
        expected: Option<IfMatch>,
    ) -> Result<Option<Tenant>> {
        let of = tenant_of(grant.target())?;
        if of == TenantId::PLATFORM {
            return Ok(None);
        }
        if let Some(name) = &update.name {
            TenantName::parse(name)?;
        }
        self.write(Update {
            act: Act::of(&grant),
            of,
            update,
            expected,
        })
        .await
    }
}

struct Update {
    act: Act,
    of: TenantId,
    update: TenantUpdate,
    expected: Option<IfMatch>,
}

impl Job for Update {
    type Output = Option<Tenant>;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Option<Tenant>, Fault> {
        let of = tx.of(self.of);
        let Some(mut tenant) = load_locked(&of).await? else {
            return Ok(None);
        };
        IfMatch::check_sent(self.expected.as_ref(), Some(tenant.revision))?;
        let TenantUpdate { name, display_name } = self.update.clone();
        tenant.name = name.unwrap_or(tenant.name);
        tenant.display_name = display_name.unwrap_or(tenant.display_name);
        tenant.updated_at = tx.now();
        let values = [
            tenant.name.as_str().into(),
            row::maybe_text(tenant.display_name.as_deref()),
            row::at(tenant.updated_at),
        ];
        of.execute(UPDATE, values).await?;
        tenant.revision += 1;
        record(tx, [&self.act]).await?;
        Ok(Some(tenant))
    }
}

//! Renames a tenant.

use palisade_authz::{Authorized, action::UpdateTenant};
use palisade_envelope::{Code, Error, Result};
use palisade_tenancy::{TenantId, TenantName};

use super::{Tenant, TenantUpdate, load};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, keys::tenant_of, row,
    sql::TenantSql, tx::TenantTx,
};

const UPDATE: TenantSql = TenantSql::new(
    "UPDATE tenants SET name = $2, display_name = $3, updated_at = $4, revision = revision + 1
     WHERE tenants.id = $1 AND revision = $5",
);

impl Store {
    /// Changes the tenant that is the grant's target; `None` where it is not there. `if_revision`: only from that
    /// revision.
    ///
    /// # Errors
    /// `invalid_request` for a name that is no slug or reserved; `conflict` on `name`; `stale_resource`.
    #[tracing::instrument(name = "store.tenant.update", skip_all, fields(tenant.id = %grant.target().id()))]
    pub async fn update_tenant(
        &self,
        grant: Authorized<UpdateTenant>,
        update: TenantUpdate,
        if_revision: Option<i64>,
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
            if_revision,
        })
        .await
    }
}

struct Update {
    act: Act,
    of: TenantId,
    update: TenantUpdate,
    if_revision: Option<i64>,
}

impl Job for Update {
    type Output = Option<Tenant>;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Option<Tenant>, Fault> {
        let of = tx.of(self.of);
        let Some(mut tenant) = load(&of).await? else {
            return Ok(None);
        };
        if self
            .if_revision
            .is_some_and(|revision| revision != tenant.revision)
        {
            return Err(Error::new(Code::StaleResource).into());
        }
        let TenantUpdate { name, display_name } = self.update.clone();
        tenant.name = name.unwrap_or(tenant.name);
        tenant.display_name = display_name.unwrap_or(tenant.display_name);
        tenant.updated_at = tx.now();
        let values = [
            tenant.name.as_str().into(),
            row::maybe_text(tenant.display_name.as_deref()),
            row::at(tenant.updated_at),
            tenant.revision.into(),
        ];
        if of.execute(UPDATE, values).await? == 0 {
            return Err(Error::new(Code::StaleResource).into());
        }
        tenant.revision += 1;
        record(tx, [&self.act]).await?;
        Ok(Some(tenant))
    }
}

//! Makes a tenant, with its `default` identity schema.

use palisade_authz::{Authorized, action::CreateTenant};
use palisade_envelope::Result;
use palisade_identity::{change::DEFAULT_SCHEMA, schema::IdentitySchema};
use palisade_tenancy::{TenantId, TenantName, TenantState};
use sea_orm::Value;

use super::Tenant;
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row, schemas, sql::TenantSql,
    tx::TenantTx,
};

const INSERT: TenantSql = TenantSql::new(
    "INSERT INTO tenants (id, name, display_name, state, policy_version, created_at, updated_at, revision)
     VALUES ($1, $2, $3, 'active', 0, $4, $4, 1)",
);

impl Store {
    /// Makes a tenant of this slug and its `default` identity schema.
    ///
    /// # Errors
    /// `invalid_request` for a name that is no slug or reserved; `conflict` on `name` when another tenant has it.
    #[tracing::instrument(name = "store.tenant.create", skip_all)]
    pub async fn create_tenant(
        &self,
        grant: Authorized<CreateTenant>,
        name: &str,
        display_name: Option<&str>,
    ) -> Result<Tenant> {
        let name = TenantName::parse(name)?;
        let id = TenantId::generate(self.inner.clock.now());
        let act = Act::of(&grant).on("Tenant", id);
        self.write(Create {
            act,
            id,
            name: name.as_str().to_owned(),
            display_name: display_name.map(str::to_owned),
        })
        .await
    }
}

struct Create {
    act: Act,
    id: TenantId,
    name: String,
    display_name: Option<String>,
}

impl Job for Create {
    type Output = Tenant;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Tenant, Fault> {
        let new = tx.of(self.id);
        let values: [Value; 3] = [
            self.name.as_str().into(),
            row::maybe_text(self.display_name.as_deref()),
            row::at(tx.now()),
        ];
        new.execute(INSERT, values).await?;
        schemas::put::insert(&new, DEFAULT_SCHEMA, &IdentitySchema::default_document()).await?;
        record(tx, [&self.act]).await?;
        Ok(Tenant {
            id: self.id,
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            state: TenantState::Active,
            created_at: tx.now(),
            updated_at: tx.now(),
            revision: 1,
        })
    }
}

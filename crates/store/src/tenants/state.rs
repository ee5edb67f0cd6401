//! Suspends and resumes a tenant.

use palisade_authz::{
    Authorized,
    action::{ResumeTenant, SuspendTenant},
};
use palisade_envelope::Result;
use palisade_tenancy::{TenantId, TenantState};

use super::{Tenant, load};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, keys::tenant_of, row,
    sql::TenantSql, tx::TenantTx,
};

const SET: TenantSql = TenantSql::new(
    "UPDATE tenants SET state = $2, updated_at = $3, revision = revision + 1
     WHERE tenants.id = $1 AND state <> 'deleted' AND state <> $2",
);

impl Store {
    /// Suspends the tenant that is the grant's target: its callers get 403 from now on, on every node within 1 s.
    /// `None` where it is not there. The operator's own tenant can't be suspended.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.tenant.suspend", skip_all, fields(tenant.id = %grant.target().id()))]
    pub async fn suspend_tenant(&self, grant: Authorized<SuspendTenant>) -> Result<Option<Tenant>> {
        self.set_state(
            Act::of(&grant),
            tenant_of(grant.target())?,
            TenantState::Suspended,
        )
        .await
    }

    /// Resumes the tenant that is the grant's target. `None` where it is not there.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.tenant.resume", skip_all, fields(tenant.id = %grant.target().id()))]
    pub async fn resume_tenant(&self, grant: Authorized<ResumeTenant>) -> Result<Option<Tenant>> {
        self.set_state(
            Act::of(&grant),
            tenant_of(grant.target())?,
            TenantState::Active,
        )
        .await
    }

    async fn set_state(
        &self,
        act: Act,
        of: TenantId,
        state: TenantState,
    ) -> Result<Option<Tenant>> {
        if of == TenantId::PLATFORM {
            return Ok(None);
        }
        self.write(SetState { act, of, state }).await
    }
}

struct SetState {
    act: Act,
    of: TenantId,
    state: TenantState,
}

impl Job for SetState {
    type Output = Option<Tenant>;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.of)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Option<Tenant>, Fault> {
        let of = tx.of(self.of);
        of.execute(SET, [self.state.as_str().into(), row::at(tx.now())])
            .await?;
        let tenant = load(&of).await?;
        if tenant.is_some() {
            record(tx, [&self.act]).await?;
        }
        Ok(tenant)
    }
}

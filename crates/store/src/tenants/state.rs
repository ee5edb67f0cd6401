//! Suspends and resumes a tenant.

use palisade_authz::{
    Authorized,
    action::{ResumeTenant, SuspendTenant},
};
use palisade_envelope::Result;
use palisade_identity::etag::IfMatch;
use palisade_tenancy::{TenantId, TenantState};

use super::{Tenant, load, load_locked};
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
    /// `None` where it is not there. The operator's own tenant can't be suspended. `expected`: only at one of these
    /// revisions.
    ///
    /// # Errors
    /// `stale_resource`; `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.tenant.suspend", skip_all, fields(tenant.id = %grant.target().id()))]
    pub async fn suspend_tenant(
        &self,
        grant: Authorized<SuspendTenant>,
        expected: Option<IfMatch>,
    ) -> Result<Option<Tenant>> {
        self.set_state(
            Act::of(&grant),
            tenant_of(grant.target())?,
            TenantState::Suspended,
            expected,
        )
        .await
    }

    /// Resumes the tenant that is the grant's target. `None` where it is not there. `expected`: only at one of these
    /// revisions.
    ///
    /// # Errors
    /// `stale_resource`; `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.tenant.resume", skip_all, fields(tenant.id = %grant.target().id()))]
    pub async fn resume_tenant(
        &self,
        grant: Authorized<ResumeTenant>,
        expected: Option<IfMatch>,
    ) -> Result<Option<Tenant>> {
        self.set_state(
            Act::of(&grant),
            tenant_of(grant.target())?,
            TenantState::Active,
            expected,
        )
        .await
    }

    async fn set_state(
        &self,
        act: Act,
        of: TenantId,
        state: TenantState,
        expected: Option<IfMatch>,
    ) -> Result<Option<Tenant>> {
        if of == TenantId::PLATFORM {
            return Ok(None);
        }
        self.write(SetState {
            act,
            of,
            state,
            expected,
        })
        .await
    }
}

struct SetState {
    act: Act,
    of: TenantId,
    state: TenantState,
    expected: Option<IfMatch>,
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
        if self.expected.is_some()
            && let Some(tenant) = load_locked(&of).await?
        {
            IfMatch::check_sent(self.expected.as_ref(), Some(tenant.revision))?;
        }
        of.execute(SET, [self.state.as_str().into(), row::at(tx.now())])
            .await?;
        let tenant = load(&of).await?;
        if tenant.is_some() {
            record(tx, [&self.act]).await?;
        }
        Ok(tenant)
    }
}

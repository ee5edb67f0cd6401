//! The operator at the command line: every act decided by the gate and written down by the store, as over HTTP.

use std::sync::Arc;

use palisade_authz::{
    Action, Authorized, Gate, NamedTarget, Own, RequestContext, action::ListTenants,
};
use palisade_store::Store;
use palisade_tenancy::{Caller, TenantId};

use crate::{Failure, config::Database, node};

/// The operator, with the database.
pub(crate) struct Operator {
    pub(crate) store: Store,
    gate: Gate<Store>,
    caller: Arc<Caller>,
}

impl Operator {
    /// The operator on the configured database.
    pub(crate) async fn open(database: &Database) -> Result<Self, Failure> {
        Self::on(node::connect_migrated(database).await?)
    }

    /// The operator on this store.
    pub(crate) fn on(store: Store) -> Result<Self, Failure> {
        let gate = Gate::new(store.clone())?;
        Ok(Self {
            store,
            gate,
            caller: Caller::operator_at_command_line(),
        })
    }

    /// Asks the gate.
    pub(crate) async fn may<A: Action>(&self, target: A::Target) -> Result<Authorized<A>, Failure> {
        Ok(self
            .gate
            .decide::<A>(&self.caller, target, RequestContext::default())
            .await?)
    }

    /// Asks the gate for an act on a tenant.
    pub(crate) async fn may_with<A: Action<Target = NamedTarget>>(
        &self,
        tenant: TenantId,
    ) -> Result<Authorized<A>, Failure> {
        self.may::<A>(NamedTarget::tenant(tenant)).await
    }

    /// The id of the tenant that `reference` names by its id or its name.
    pub(crate) async fn tenant(&self, reference: &str) -> Result<TenantId, Failure> {
        if let Some(id) = TenantId::parse(reference) {
            return Ok(id);
        }
        self.tenant_by_name(reference)
            .await?
            .ok_or_else(|| no_tenant(reference))
    }

    /// The id of the tenant of this name.
    pub(crate) async fn tenant_by_name(&self, name: &str) -> Result<Option<TenantId>, Failure> {
        let grant = self.may::<ListTenants>(Own).await?;
        Ok(self
            .store
            .tenant_by_name(&grant, name)
            .await?
            .map(|tenant| tenant.id))
    }
}

/// What to do where a tenant is not there.
pub(crate) fn no_tenant(reference: &str) -> Failure {
    Failure::new(format!(
        "there is no tenant `{reference}`; `palisade tenant list` shows those there are"
    ))
}

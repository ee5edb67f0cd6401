//! Proof of tenancy.

use std::sync::Arc;

use palisade_identity::ids::Uuid;

use crate::{KeyId, Principal, TenantId, TenantState};

/// Proof that a credential was verified for one tenant. Only this crate makes one; it can't be copied,
/// defaulted or deserialized. Whoever holds one by reference may act in that tenant, as far as policy allows.
#[derive(Debug)]
pub struct TenantScope {
    tenant: TenantId,
}

impl TenantScope {
    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// A verified caller: who, and for which tenant. Shared by [`Arc`], made by this crate only.
#[derive(Debug)]
pub struct Caller {
    scope: TenantScope,
    principal: Principal,
    tenant_state: TenantState,
}

impl Caller {
    pub(crate) fn new(tenant: TenantId, principal: Principal, tenant_state: TenantState) -> Self {
        Self {
            scope: TenantScope { tenant },
            principal,
            tenant_state,
        }
    }

    /// The operator at the command line, who proved nothing but access to the database's own credentials.
    pub fn operator_at_command_line() -> Arc<Self> {
        let principal = Principal::Operator {
            id: KeyId::from_uuid(Uuid::nil()),
            name: "command line".into(),
        };
        Arc::new(Self::new(
            TenantId::PLATFORM,
            principal,
            TenantState::Active,
        ))
    }

    /// The scope that the credential proved.
    pub const fn scope(&self) -> &TenantScope {
        &self.scope
    }

    /// The tenant; short for `scope().tenant()`.
    pub const fn tenant(&self) -> TenantId {
        self.scope.tenant
    }

    /// Who calls.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether the tenant was active when the caller was admitted: what the guardrail against suspended
    /// tenants looks at, after the middleware did.
    pub const fn tenant_state(&self) -> TenantState {
        self.tenant_state
    }
}

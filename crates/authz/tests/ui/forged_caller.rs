//! A caller without a verified credential.

use palisade_tenancy::{Caller, Principal, TenantScope, TenantState};

fn forge(scope: TenantScope, principal: Principal) -> Caller {
    Caller { scope, principal, tenant_state: TenantState::Active }
}

fn main() {
    let _ = forge;
}

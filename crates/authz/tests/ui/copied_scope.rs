//! A scope that outlives the request that it was proved for.

use palisade_tenancy::TenantScope;

fn keep(scope: &TenantScope) -> TenantScope {
    TenantScope::clone(scope)
}

fn main() {
    let _ = keep;
}

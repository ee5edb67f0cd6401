//! A scope from an id that somebody sent.

use palisade_tenancy::{TenantId, TenantScope};

fn main() {
    let named = TenantId::PLATFORM;
    let _scope = TenantScope { tenant: named };
}

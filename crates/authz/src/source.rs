//! The port to the policies that tenants store.

use std::{future::Future, sync::Arc};

use palisade_envelope::Result;
use palisade_tenancy::TenantId;

/// One stored document of a tenant: one or more Cedar policies under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPolicy {
    /// `[a-z0-9][a-z0-9._-]{0,62}`, unique in the tenant.
    pub name: String,
    /// Cedar text.
    pub text: Arc<str>,
}

/// All of a tenant's policies at one version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredPolicies {
    /// Rises with each change.
    pub version: i64,
    /// Sorted by name.
    pub policies: Vec<StoredPolicy>,
}

/// The stored policies. The store implements it.
pub trait PolicySource: Send + Sync + 'static {
    /// The policies of the tenant, by its id.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    fn policies(&self, tenant: TenantId) -> impl Future<Output = Result<StoredPolicies>> + Send;
}

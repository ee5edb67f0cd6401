//! A tenant as the operator reads it.

use chrono::{DateTime, Utc};
use palisade_store::Tenant;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A customer of the deployment.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(super) struct TenantBody {
    id: Uuid,
    /// The slug, unique in the deployment.
    name: String,
    /// For people.
    #[schema(required = true)]
    display_name: Option<String>,
    #[schema(value_type = crate::words::TenantWord)]
    state: &'static str,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Tenant> for TenantBody {
    fn from(tenant: Tenant) -> Self {
        let Tenant {
            id,
            name,
            display_name,
            state,
            created_at,
            updated_at,
            revision: _,
        } = tenant;
        Self {
            id: id.as_uuid(),
            name,
            display_name,
            state: state.as_str(),
            created_at,
            updated_at,
        }
    }
}

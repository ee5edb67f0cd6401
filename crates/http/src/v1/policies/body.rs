//! A policy as callers read it.

use chrono::{DateTime, Utc};
use palisade_store::PolicyDocument;
use serde::Serialize;
use utoipa::ToSchema;

/// A stored document of one or more Cedar policies.
#[derive(Serialize, ToSchema)]
#[schema(as = Policy)]
pub(super) struct PolicyBody {
    /// Unique in the tenant.
    name: String,
    /// Cedar text.
    policy: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<PolicyDocument> for PolicyBody {
    fn from(document: PolicyDocument) -> Self {
        let PolicyDocument {
            name,
            policy,
            created_at,
            updated_at,
            ..
        } = document;
        Self {
            name,
            policy: policy.as_ref().to_owned(),
            created_at,
            updated_at,
        }
    }
}

//! The key of a connection as callers read it.

use chrono::{DateTime, Utc};
use palisade_store::ConnectionKeyDocument;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The key of a connection, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionKey)]
pub(super) struct KeyBody {
    id: Uuid,
    /// For people.
    name: String,
    /// What it is good for.
    #[schema(value_type = Vec<crate::words::ScopeWord>)]
    scopes: Vec<&'static str>,
    /// What tells it from others at a glance.
    prefix: String,
    #[schema(required = true)]
    expires_at: Option<DateTime<Utc>>,
    #[schema(required = true)]
    revoked_at: Option<DateTime<Utc>>,
    /// About half a minute behind.
    #[schema(required = true)]
    last_used_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<ConnectionKeyDocument> for KeyBody {
    fn from(document: ConnectionKeyDocument) -> Self {
        let ConnectionKeyDocument {
            id,
            name,
            scopes,
            prefix,
            expires_at,
            revoked_at,
            last_used_at,
            created_at,
        } = document;
        Self {
            id: id.as_uuid(),
            name,
            scopes: scopes.iter().map(|scope| scope.as_str()).collect(),
            prefix,
            expires_at,
            revoked_at,
            last_used_at,
            created_at,
        }
    }
}

/// A new key of a connection. `secret` is in this answer only.
#[derive(Serialize, ToSchema)]
#[schema(as = NewConnectionKey)]
pub(super) struct KeyWithSecret {
    #[serde(flatten)]
    pub(super) key: KeyBody,
    /// The whole key, `psc_...`: the bearer token of the provisioning system.
    pub(super) secret: String,
}

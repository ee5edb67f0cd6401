//! A key as callers read it.

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use palisade_store::ApiKeyRecord;
use palisade_tenancy::ApiKey;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{problem::Answer, reply::Reply};

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(super) struct KeyBody {
    id: Uuid,
    /// For people.
    name: String,
    #[schema(value_type = Vec<crate::words::AnyRoleWord>)]
    roles: Vec<&'static str>,
    /// What tells it from others at a glance.
    prefix: String,
    /// The addresses that it may be used from; empty: any.
    allowed_cidrs: Vec<String>,
    #[schema(required = true)]
    expires_at: Option<DateTime<Utc>>,
    #[schema(required = true)]
    revoked_at: Option<DateTime<Utc>>,
    /// About half a minute behind.
    #[schema(required = true)]
    last_used_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    /// The key that took its place when it was rotated.
    #[schema(required = true)]
    replaced_by: Option<Uuid>,
}

impl From<ApiKeyRecord> for KeyBody {
    fn from(record: ApiKeyRecord) -> Self {
        let ApiKeyRecord {
            id,
            name,
            roles,
            prefix,
            allowed_cidrs,
            expires_at,
            revoked_at,
            last_used_at,
            created_at,
            replaced_by,
        } = record;
        Self {
            id: id.as_uuid(),
            name,
            roles: roles.iter().map(|role| role.as_str()).collect(),
            prefix,
            allowed_cidrs: allowed_cidrs.iter().map(ToString::to_string).collect(),
            expires_at,
            revoked_at,
            last_used_at,
            created_at,
            replaced_by: replaced_by.map(|id| id.as_uuid()),
        }
    }
}

/// A new API key. `secret` is in this answer only.
#[derive(Serialize, ToSchema)]
#[schema(as = NewApiKey)]
pub(in crate::v1) struct KeyWithSecret {
    #[serde(flatten)]
    key: KeyBody,
    /// The whole key, `pal_...`.
    secret: String,
}

impl KeyWithSecret {
    pub(super) fn new(record: ApiKeyRecord, key: &ApiKey) -> Self {
        Self {
            key: record.into(),
            secret: key.reveal(),
        }
    }
}

/// Answers with a new key.
///
/// # Errors
/// `internal` where it does not serialize.
pub(in crate::v1) fn created(request: &HttpRequest, record: ApiKeyRecord, key: &ApiKey) -> Answer {
    let place = format!("{}/{}", request.path(), record.id);
    Reply::created(request, place).json(&KeyWithSecret::new(record, key))
}

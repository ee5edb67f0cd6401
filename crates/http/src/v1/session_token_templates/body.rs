//! A template as callers read it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use palisade_store::TemplateDocument;
use serde::Serialize;
use utoipa::ToSchema;

/// What the tokens say that `tokenize_as` makes of a session.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionTokenTemplate)]
pub(super) struct TemplateBody {
    /// Unique in the tenant; what `tokenize_as` names.
    name: String,
    /// How long a token lasts; never longer than its session.
    #[schema(value_type = i64, minimum = 1, maximum = 86_400)]
    ttl_seconds: u64,
    /// Claims by name, each a JSON Pointer into the session as `GET /sessions/whoami` answers it.
    claims: BTreeMap<String, String>,
    /// `aud`; left out of the tokens where empty.
    audience: Vec<String>,
    #[schema(value_type = crate::words::SubjectSourceWord)]
    subject_source: &'static str,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<TemplateDocument> for TemplateBody {
    fn from(document: TemplateDocument) -> Self {
        let TemplateDocument {
            name,
            template,
            created_at,
            updated_at,
            revision: _,
        } = document;
        Self {
            name,
            ttl_seconds: template.ttl_seconds,
            claims: template.claims,
            audience: template.audience,
            subject_source: template.subject_source.as_str(),
            created_at,
            updated_at,
        }
    }
}

//! An identity schema as callers of `/v1` read it.

use chrono::{DateTime, Utc};
use palisade_identity::RawJson;
use palisade_store::SchemaDocument;
use serde::Serialize;
use utoipa::ToSchema;

/// An identity schema.
#[derive(Serialize, ToSchema)]
#[schema(as = Schema)]
pub(super) struct SchemaBody {
    id: String,
    /// The JSON Schema.
    #[schema(value_type = Object)]
    schema: RawJson,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<SchemaDocument> for SchemaBody {
    fn from(document: SchemaDocument) -> Self {
        let SchemaDocument {
            id,
            schema,
            created_at,
            updated_at,
            ..
        } = document;
        Self {
            id,
            schema,
            created_at,
            updated_at,
        }
    }
}

//! The answer to a bulk request.

use palisade_envelope::Error;
use serde::Serialize;
use serde_json::Value;

use super::BulkOperation;
use crate::urn;

/// What became of the operations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BulkResponse {
    schemas: [&'static str; 1],
    #[serde(rename = "Operations")]
    operations: Vec<BulkResult>,
}

/// What became of one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkResult {
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Value>,
}

impl BulkResponse {
    /// The answer with these results.
    pub fn new(operations: Vec<BulkResult>) -> Self {
        Self {
            schemas: [urn::BULK_RESPONSE],
            operations,
        }
    }
}

impl BulkResult {
    /// An operation that was done: with the status that it would have alone, and where the resource is.
    pub fn done(
        operation: &BulkOperation,
        status: u16,
        location: String,
        version: Option<String>,
    ) -> Self {
        Self {
            method: operation.method.clone(),
            bulk_id: operation.bulk_id.clone(),
            version,
            location: Some(location),
            status: status.to_string(),
            response: None,
        }
    }

    /// An operation that was refused. There is a location unless it was to create something.
    pub fn refused(operation: &BulkOperation, location: Option<String>, error: &Error) -> Self {
        Self {
            method: operation.method.clone(),
            bulk_id: operation.bulk_id.clone(),
            version: None,
            location,
            status: error.code().status().to_string(),
            response: Some(crate::error::body(error)),
        }
    }
}

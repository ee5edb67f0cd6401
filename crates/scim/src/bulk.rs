//! Bulk requests (RFC 7644 section 3.7): reading them, the order in which their operations are done, and their answer.
//!
//! Operations can name what others of the same request create by `bulkId:x`, also before it is created and in circles. [`plan`]
//! gives the order; where there is a circle, a resource is created without the reference first and completed at the end.

mod operation;
mod plan;
mod reference;
mod response;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use palisade_envelope::Result;
use serde_json::Value;

use crate::error::{ScimType, invalid_syntax, refusal, shortened, too_large};
use crate::schema::ResourceType;
use crate::{limits, value};

pub use operation::{BulkCall, BulkMethod, BulkOperation, BulkTarget};
pub use plan::{Step, plan};
pub use reference::BulkIds;
pub use response::{BulkResponse, BulkResult};

/// A bulk request.
#[derive(Debug)]
pub struct BulkRequest {
    /// The operations, as they were sent. Some may be refused already.
    pub operations: Vec<BulkOperation>,
    fail_on_errors: Option<u64>,
}

impl BulkRequest {
    /// Reads a bulk request on resources of these types. An operation that can't be read is refused on its own.
    ///
    /// # Errors
    /// `invalidSyntax` where it is no bulk request; `invalidValue` where a `bulkId` stands twice; 413 where it has more than
    /// [`limits::MAX_BULK_OPERATIONS`] operations.
    pub fn parse(body: &Value, types: &[&ResourceType]) -> Result<Self> {
        value::check_depth(body)?;
        let Value::Object(body) = body else {
            return Err(invalid_syntax("the body must be a JSON object"));
        };
        let member = |name: &str| {
            body.iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        let Some(Value::Array(sent)) = member("Operations") else {
            return Err(invalid_syntax("`Operations` must be a list of operations"));
        };
        if sent.len() > limits::MAX_BULK_OPERATIONS {
            return Err(too_large(format!(
                "a bulk request can have {} operations",
                limits::MAX_BULK_OPERATIONS
            )));
        }
        let fail_on_errors = match member("failOnErrors") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_u64().filter(|errors| *errors > 0).ok_or_else(|| {
                invalid_syntax("`failOnErrors` must be a whole number from 1 on")
            })?),
        };
        let operations: Vec<BulkOperation> = sent
            .iter()
            .map(|operation| BulkOperation::read(operation, types))
            .collect();
        let mut seen = HashSet::new();
        for bulk_id in operations.iter().filter_map(|it| it.bulk_id.as_deref()) {
            if !seen.insert(bulk_id) {
                return Err(refusal(
                    ScimType::InvalidValue,
                    format!("the `bulkId` `{}` stands twice", shortened(bulk_id)),
                ));
            }
        }
        Ok(Self {
            operations,
            fail_on_errors,
        })
    }

    /// Whether so many errors end the request; what was done stays done.
    pub fn ends_after(&self, errors: usize) -> bool {
        self.fail_on_errors
            .is_some_and(|most| u64::try_from(errors).unwrap_or(u64::MAX) >= most)
    }
}

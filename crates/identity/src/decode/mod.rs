//! Request bodies to typed input, with errors that name the field and what was expected there.

mod batch;
mod credentials;
mod identity;
mod imported;
mod keys;
mod object;

pub use batch::{BatchItem, BatchWork, MAX_BATCH, MAX_BATCH_PASSWORDS, batch};
pub(crate) use identity::{address_list, external_id, organization, region, schema_id};
pub use identity::{create, replace};
pub use imported::{imported, imported_value};
pub(crate) use object::{Object, Unknown};

use palisade_envelope::{Code, Error, Result};

use crate::{json, patch::Patch};

/// The body of a JSON Patch.
///
/// # Errors
/// `invalid_json` where it is no JSON, `invalid_patch` where it is no JSON Patch or has too many operations.
pub fn patch(body: &[u8]) -> Result<Patch> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::with_message(
            Code::InvalidJson,
            "unexpected end of JSON input",
        ));
    }
    Patch::from_value(json::parse(body)?)
}

#[cfg(test)]
mod tests;

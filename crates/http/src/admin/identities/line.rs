//! An identity as one line of an export.

use std::collections::BTreeMap;

use palisade_envelope::{Error, Result};
use palisade_identity::{CredentialType, Identity, RawJson};

use super::body::IdentityBody;

/// The identity as an item of Ory's list with `include_credential`, in one line without its end. `configs` are the secret
/// parts of its credentials by type; `base_url` is where its schema can be read.
///
/// # Errors
/// `internal` when it can't be written as JSON, which no identity comes to.
pub fn identity_line(
    identity: &Identity,
    base_url: &str,
    configs: BTreeMap<CredentialType, RawJson>,
) -> Result<String> {
    let body = IdentityBody::new(identity, base_url).with_credentials(identity, configs);
    serde_json::to_string(&body).map_err(Error::internal)
}

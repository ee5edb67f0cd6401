//! PUT.

use palisade_envelope::Result;
use serde_json::{Map, Value};

use super::{Changed, ReplaceIdentity, next::Next};
use crate::{Identity, IdentitySchema, Secrets, Timestamp};

/// The identity replaced. `schema` is the one that [`ReplaceIdentity::schema_id`] names; a plain password has been
/// hashed before. `kept` has the secrets of the kinds that it adds to ([`super::CredentialImport::adds_to`]). What is absent is kept (schema, state, credentials, organization), emptied (traits) or cleared
/// (metadata, external id).
///
/// # Errors
/// `schema_violation` when the traits do not fit, `invalid_request` for other values.
pub fn replace(
    current: &Identity,
    kept: &Secrets,
    input: ReplaceIdentity,
    schema: &IdentitySchema,
    now: Timestamp,
) -> Result<Changed> {
    let schema_id = input.schema_id(current).to_owned();
    let ReplaceIdentity {
        schema_id: _,
        traits,
        credentials,
        metadata_public,
        metadata_admin,
        state,
        external_id,
        region: _,
    } = input;
    Next {
        schema_id,
        traits: traits.unwrap_or_else(|| Value::Object(Map::new())),
        state: state.unwrap_or(current.state),
        external_id,
        organization_id: current.organization_id,
        metadata_public,
        metadata_admin,
        credentials,
        addresses: Vec::new(),
        recovery: Vec::new(),
    }
    .after(current, kept, schema, now)
}

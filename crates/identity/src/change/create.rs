//! A new identity.

use palisade_envelope::Result;
use serde_json::{Map, Value};

use super::{Changed, CreateIdentity, next::Next};
use crate::{IdentityId, IdentitySchema, State, Timestamp};

/// The first state of an identity. `schema` is the one that [`CreateIdentity::schema_id`] names; a plain password
/// has been hashed before.
///
/// # Errors
/// `schema_violation` when the traits do not fit, `invalid_request` for other values.
pub fn create(
    input: CreateIdentity,
    schema: &IdentitySchema,
    id: IdentityId,
    now: Timestamp,
) -> Result<Changed> {
    let schema_id = input.schema_id().to_owned();
    let CreateIdentity {
        schema_id: _,
        traits,
        credentials,
        verifiable_addresses,
        recovery_addresses,
        metadata_public,
        metadata_admin,
        state,
        organization_id,
        external_id,
        region: _,
    } = input;
    Next {
        schema_id,
        traits: traits.unwrap_or_else(|| Value::Object(Map::new())),
        state: state.unwrap_or(State::Active),
        external_id,
        organization_id,
        metadata_public,
        metadata_admin,
        credentials,
        addresses: verifiable_addresses,
        recovery: recovery_addresses,
    }
    .first(schema, id, now)
}

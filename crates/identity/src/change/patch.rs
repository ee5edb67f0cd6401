//! JSON Patch of an identity.

use palisade_envelope::{Code, Error, Result};
use serde_json::{Map, Value, json};

use super::{Changed, CredentialImport, DEFAULT_SCHEMA, next::Next};
use crate::{
    Identity, IdentitySchema, Region, Secrets, State, Timestamp,
    decode::{self, Object, Unknown},
    json::shortened,
    patch::{Patch, Pointer, invalid},
};

/// The members that a patch may touch, at any depth.
const PATCHABLE: &[&str] = &[
    "external_id",
    "metadata_admin",
    "metadata_public",
    "organization_id",
    "recovery_addresses",
    "region",
    "schema_id",
    "state",
    "traits",
    "verifiable_addresses",
];

/// The members of an identity that a patch may not even look at, in any case.
const DENIED: &[&str] = &[
    "created_at",
    "credentials",
    "id",
    "schema_url",
    "state_changed_at",
    "statechangedat",
    "tenant_id",
    "updated_at",
];

/// An identity after a JSON Patch, before its traits are checked.
pub struct Patched {
    next: Next,
    region: Option<Region>,
}

impl Patched {
    /// The schema that the new traits must fit.
    pub fn schema_id(&self) -> &str {
        &self.next.schema_id
    }

    /// The region that the patch names, to be echoed.
    pub const fn region(&self) -> Option<Region> {
        self.region
    }
}

impl std::fmt::Debug for Patched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patched")
            .field("schema_id", &self.next.schema_id)
            .finish_non_exhaustive()
    }
}

/// Applies the patch to what callers see of the identity, but for its credentials and what the server keeps.
///
/// # Errors
/// `invalid_patch` when it can't be applied or names a denied place, `body_too_large` when it makes the identity too
/// large, `invalid_request` when it leaves a value of the wrong type.
pub fn patch(current: &Identity, patch: &Patch) -> Result<Patched> {
    for pointer in patch
        .operations()
        .iter()
        .flat_map(|operation| operation.pointers())
    {
        check(pointer)?;
    }
    let mut document = document(current);
    patch.apply(&mut document)?;
    read(document)
}

/// The next state; `schema` is the one that [`Patched::schema_id`] names.
///
/// # Errors
/// `schema_violation` when the traits do not fit, `invalid_request` for an external id that is too long.
pub fn finish_patch(
    current: &Identity,
    patched: Patched,
    schema: &IdentitySchema,
    now: Timestamp,
) -> Result<Changed> {
    // A patch brings no credentials.
    patched.next.after(current, &Secrets::new(), schema, now)
}

fn check(pointer: &Pointer) -> Result<()> {
    let root = pointer.tokens().first().map(String::as_str);
    if root.is_some_and(|root| PATCHABLE.contains(&root)) {
        return Ok(());
    }
    let refused = match root {
        Some(root) if !DENIED.contains(&root.to_lowercase().as_str()) => invalid(format!(
            "`{pointer}` is no part of an identity that can be patched"
        )),
        _ => invalid(format!("patch includes denied path: {pointer}")),
    };
    let known: Vec<String> = PATCHABLE.iter().map(|name| format!("`/{name}`")).collect();
    Err(refused
        .detail("field", pointer.to_string())
        .detail("expected", format!("a path in {}", known.join(", "))))
}

fn document(identity: &Identity) -> Value {
    let mut document = json!({
        "schema_id": identity.schema_id,
        "state": identity.state,
        "traits": identity.traits.to_value(),
        "verifiable_addresses": identity.verifiable_addresses,
        "recovery_addresses": identity.recovery_addresses,
        "metadata_public": identity.metadata_public.as_ref().map(|metadata| metadata.to_value()),
        "metadata_admin": identity.metadata_admin.as_ref().map(|metadata| metadata.to_value()),
        "organization_id": identity.organization_id,
    });
    if let (Some(external_id), Some(members)) = (&identity.external_id, document.as_object_mut()) {
        members.insert("external_id".to_owned(), external_id.as_str().into());
    }
    document
}

/// Ory's words.
fn no_state(word: &str) -> Error {
    let word = shortened(word);
    let message = format!(
        "The supplied state ('{word}') was not valid. Valid states are ('active', 'inactive')."
    );
    Error::with_message(Code::InvalidRequest, message)
        .detail("field", "state")
        .detail("expected", "`active` or `inactive`")
}

fn read(document: Value) -> Result<Patched> {
    let mut object = Object::new(document, "", Unknown::Ignored)?;
    let traits = match object.raw("traits") {
        None => Value::Object(Map::new()),
        Some(traits) if traits.is_object() => traits,
        Some(_) => return Err(Error::field("traits", "an object")),
    };
    let state = match object.any("state") {
        Some(Value::String(word)) => State::parse(&word).ok_or_else(|| no_state(&word))?,
        _ => return Err(Error::field("state", "`active` or `inactive`")),
    };
    let verifiable = object.list("verifiable_addresses")?.unwrap_or_default();
    let recovery = object.list("recovery_addresses")?.unwrap_or_default();
    Ok(Patched {
        region: decode::region(&mut object)?,
        next: Next {
            schema_id: decode::schema_id(&mut object)?.unwrap_or_else(|| DEFAULT_SCHEMA.to_owned()),
            traits,
            state,
            external_id: decode::external_id(&mut object)?,
            organization_id: decode::organization(&mut object)?,
            metadata_public: object.any("metadata_public"),
            metadata_admin: object.any("metadata_admin"),
            credentials: CredentialImport::default(),
            addresses: decode::address_list(verifiable, "verifiable_addresses", Unknown::Ignored)?,
            recovery: decode::address_list(recovery, "recovery_addresses", Unknown::Ignored)?,
        },
    })
}

//! The one way in which a next state comes to be, whatever asked for it.

use palisade_envelope::{Error, Result};
use serde_json::Value;
use uuid::Uuid;

use super::{AddressImport, Changed, CredentialImport, MAX_EXTERNAL_ID, addresses, credentials};
use crate::{Identity, IdentityId, IdentitySchema, RawJson, Secrets, State, Timestamp};

/// What the next state is to be; everything that the traits give is derived from them.
pub(super) struct Next {
    pub(super) schema_id: String,
    pub(super) traits: Value,
    pub(super) state: State,
    pub(super) external_id: Option<String>,
    pub(super) organization_id: Option<Uuid>,
    pub(super) metadata_public: Option<Value>,
    pub(super) metadata_admin: Option<Value>,
    pub(super) credentials: CredentialImport,
    /// The state of verifiable addresses that comes from outside.
    pub(super) addresses: Vec<AddressImport>,
    /// The same of recovery addresses.
    pub(super) recovery: Vec<AddressImport>,
}

impl Next {
    /// The first state of an identity.
    pub(super) fn first(
        self,
        schema: &IdentitySchema,
        id: IdentityId,
        now: Timestamp,
    ) -> Result<Changed> {
        self.state(None, &Secrets::new(), schema, id, now)
    }

    /// The state after `current`; `kept` has the secrets that are added to.
    pub(super) fn after(
        self,
        current: &Identity,
        kept: &Secrets,
        schema: &IdentitySchema,
        now: Timestamp,
    ) -> Result<Changed> {
        self.state(Some(current), kept, schema, current.id, now)
    }

    fn state(
        self,
        current: Option<&Identity>,
        kept: &Secrets,
        schema: &IdentitySchema,
        id: IdentityId,
        now: Timestamp,
    ) -> Result<Changed> {
        let Self {
            schema_id,
            mut traits,
            state,
            external_id,
            organization_id,
            metadata_public,
            metadata_admin,
            credentials,
            addresses,
            recovery: imported_recovery,
        } = self;
        if schema_id != schema.id() {
            return Err(Error::internal(format!(
                "a change was made with the schema of another id than `{schema_id}`"
            )));
        }
        if let Some(external_id) = &external_id {
            check_external_id(external_id)?;
        }
        let derived = schema.check(&mut traits)?;
        let none = (&[][..], &[][..]);
        let (verifiable, recovery) = current.map_or(none, |current| {
            (
                current.verifiable_addresses.as_slice(),
                current.recovery_addresses.as_slice(),
            )
        });
        let known = current
            .map(|current| current.credentials.clone())
            .unwrap_or_default();
        let merged = credentials::merge(known, kept, credentials, &derived, id, now)?;
        let identity = Identity {
            id,
            external_id,
            schema_id,
            state,
            state_changed_at: current
                .filter(|current| current.state == state)
                .map_or(now, |current| current.state_changed_at),
            traits: RawJson::from_value(&traits),
            credentials: merged.credentials,
            verifiable_addresses: addresses::verifiable(
                verifiable,
                &addresses,
                &derived.verifiable,
                now,
            ),
            recovery_addresses: addresses::recovery(
                recovery,
                &imported_recovery,
                &derived.recovery,
                now,
            ),
            metadata_public: metadata(metadata_public),
            metadata_admin: metadata(metadata_admin),
            organization_id,
            created_at: current.map_or(now, |current| current.created_at),
            updated_at: now,
            revision: current.map_or(0, |current| current.revision) + 1,
        };
        Ok(Changed {
            identity,
            secrets: merged.secrets,
        })
    }
}

fn check_external_id(external_id: &str) -> Result<()> {
    let length = external_id.chars().count();
    if length == 0 || length > MAX_EXTERNAL_ID || external_id.chars().any(char::is_control) {
        let expected =
            format!("1 to {MAX_EXTERNAL_ID} characters, none of them a control character");
        return Err(Error::field("external_id", expected));
    }
    Ok(())
}

fn metadata(value: Option<Value>) -> Option<RawJson> {
    value
        .filter(|value| !value.is_null())
        .map(|value| RawJson::from_value(&value))
}

//! The bodies of create and PUT.

use palisade_envelope::{Code, Error, Result};
use serde_json::Value;
use uuid::Uuid;

use super::{
    credentials,
    object::{Object, Unknown},
};
use crate::{
    Region, State, Timestamp, Via,
    change::{AddressImport, CreateIdentity, MAX_SCHEMA_ID, ReplaceIdentity},
    json,
};

/// The body of a create. Strict: unknown fields are refused at every level.
///
/// # Errors
/// `invalid_json`, `unknown_field`, or `invalid_request` for a wrong type or a word that is none of those known.
pub fn create(body: &[u8]) -> Result<CreateIdentity> {
    create_of(Object::new(json::parse(body)?, "", Unknown::Refused)?)
}

/// The same from a part of a body.
pub(super) fn create_of(mut object: Object) -> Result<CreateIdentity> {
    let input = CreateIdentity {
        schema_id: schema_id(&mut object)?,
        traits: traits(&mut object)?,
        credentials: credentials::import(object.object("credentials")?)?,
        verifiable_addresses: addresses(&mut object, "verifiable_addresses", Unknown::Refused)?,
        recovery_addresses: addresses(&mut object, "recovery_addresses", Unknown::Refused)?,
        metadata_public: object.any("metadata_public"),
        metadata_admin: object.any("metadata_admin"),
        state: state(&mut object)?,
        organization_id: organization(&mut object)?,
        external_id: external_id(&mut object)?,
        region: region(&mut object)?,
    };
    object.end()?;
    Ok(input)
}

/// The body of a PUT. Unknown fields are ignored at every level.
///
/// # Errors
/// `invalid_json`, or `invalid_request` for a wrong type or a word that is none of those known.
pub fn replace(body: &[u8]) -> Result<ReplaceIdentity> {
    let mut object = Object::new(json::parse(body)?, "", Unknown::Ignored)?;
    let input = ReplaceIdentity {
        schema_id: schema_id(&mut object)?,
        traits: traits(&mut object)?,
        credentials: credentials::import(object.object("credentials")?)?,
        metadata_public: object.any("metadata_public"),
        metadata_admin: object.any("metadata_admin"),
        state: state(&mut object)?,
        external_id: external_id(&mut object)?,
        region: region(&mut object)?,
    };
    object.end()?;
    Ok(input)
}

/// Absent is nothing; `null` is refused, because nobody means to write it.
pub(super) fn traits(object: &mut Object) -> Result<Option<Value>> {
    match object.raw("traits") {
        Some(traits) if !traits.is_object() => Err(object.wrong("traits", "an object")),
        traits => Ok(traits),
    }
}

/// `None` where it is absent or empty.
pub(crate) fn schema_id(object: &mut Object) -> Result<Option<String>> {
    match object.string("schema_id")?.filter(|id| !id.is_empty()) {
        Some(id) if id.chars().count() > MAX_SCHEMA_ID => {
            Err(object.wrong("schema_id", format!("at most {MAX_SCHEMA_ID} characters")))
        }
        id => Ok(id),
    }
}

/// `None` where it is absent or empty.
pub(super) fn state(object: &mut Object) -> Result<Option<State>> {
    match object.string("state")?.filter(|word| !word.is_empty()) {
        None => Ok(None),
        Some(word) => match State::parse(&word) {
            Some(state) => Ok(Some(state)),
            None => Err(
                Error::with_message(Code::InvalidRequest, "identity state is not valid")
                    .detail("field", object.path("state"))
                    .detail("expected", "`active` or `inactive`"),
            ),
        },
    }
}

/// `None` where it is absent or empty: both mean that there is none.
pub(crate) fn external_id(object: &mut Object) -> Result<Option<String>> {
    Ok(object.string("external_id")?.filter(|id| !id.is_empty()))
}

pub(crate) fn organization(object: &mut Object) -> Result<Option<Uuid>> {
    uuid(object, "organization_id")
}

fn uuid(object: &mut Object, name: &str) -> Result<Option<Uuid>> {
    match object.string(name)? {
        None => Ok(None),
        Some(text) => match Uuid::try_parse(&text) {
            Ok(id) => Ok(Some(id)),
            Err(_) => Err(object.wrong(name, "a UUID")),
        },
    }
}

pub(crate) fn region(object: &mut Object) -> Result<Option<Region>> {
    match object.string("region")?.filter(|word| !word.is_empty()) {
        None => Ok(None),
        Some(word) => match Region::parse(&word) {
            Some(region) => Ok(Some(region)),
            None => {
                let known: Vec<String> = Region::ALL
                    .iter()
                    .map(|region| format!("`{}`", region.as_str()))
                    .collect();
                Err(object.wrong("region", format!("one of {}", known.join(", "))))
            }
        },
    }
}

fn addresses(object: &mut Object, name: &str, unknown: Unknown) -> Result<Vec<AddressImport>> {
    let path = object.path(name);
    address_list(object.list(name)?.unwrap_or_default(), &path, unknown)
}

/// Verifiable or recovery addresses: their members are the same but for what only verifiable ones have.
pub(crate) fn address_list(
    items: Vec<Value>,
    path: &str,
    unknown: Unknown,
) -> Result<Vec<AddressImport>> {
    items
        .into_iter()
        .enumerate()
        .map(|(index, item)| address(Object::new(item, format!("{path}.{index}"), unknown)?))
        .collect()
}

fn address(mut object: Object) -> Result<AddressImport> {
    let via = match object.string("via")?.as_deref() {
        Some("email") => Via::Email,
        Some("sms") => Via::Sms,
        _ => return Err(object.wrong("via", "`email` or `sms`")),
    };
    let Some(value) = object.string("value")? else {
        return Err(object.wrong("value", "a string"));
    };
    let verified = object.flag("verified")?.unwrap_or(false);
    let status = object.string("status")?.filter(|status| !status.is_empty());
    if status
        .as_deref()
        .is_some_and(|status| !matches!(status, "pending" | "sent" | "completed"))
    {
        return Err(object.wrong("status", "`pending`, `sent` or `completed`"));
    }
    let verified_at = match object.string("verified_at")? {
        None => None,
        Some(text) => match time(&text) {
            Some(time) => Some(time),
            None => {
                return Err(object.wrong("verified_at", "a time such as `2026-01-31T12:00:00Z`"));
            }
        },
    };
    let break_glass_for_organization = uuid(&mut object, "break_glass_for_organization")?;
    // Ours to choose; clients that send back what they read are not refused for them.
    for name in ["id", "created_at", "updated_at"] {
        drop(object.any(name));
    }
    object.end()?;
    Ok(AddressImport {
        via,
        value,
        verified,
        status,
        verified_at,
        break_glass_for_organization,
    })
}

/// Cut to the microsecond, which is what the databases keep. Years that have four digits only.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    let in_range = (0..253_402_300_800).contains(&time.timestamp());
    Timestamp::from_timestamp_micros(time.timestamp_micros()).filter(|_| in_range)
}

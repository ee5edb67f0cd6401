//! WebAuthn keys and passkeys that come with an identity.

use base64::{
    Engine as _,
    alphabet::{STANDARD as STANDARD_ALPHABET, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use palisade_envelope::{Error, Result};
use serde_json::{Map, Value};

use super::{identity::time, object::Object};
use crate::{
    CredentialType,
    change::{KeyImport, KeysImport},
};

/// The longest id of a key in bytes (WebAuthn level 3, section 4).
const MAX_ID: usize = 1023;
/// The longest public key, or part of an attestation, in bytes.
const MAX_BYTES: usize = 16_384;
/// The longest user handle in bytes (WebAuthn level 3, section 4).
const MAX_HANDLE: usize = 64;
/// The longest text of a key, in characters.
const MAX_TEXT: usize = 255;
/// The most transports of a key.
const MAX_TRANSPORTS: usize = 16;

pub(super) fn import(mut config: Object, kind: CredentialType) -> Result<KeysImport> {
    let (path, unknown) = (config.path("credentials"), config.unknown());
    let items = config.list("credentials")?.unwrap_or_default();
    let user_handle = bytes(&mut config, "user_handle", MAX_HANDLE)?;
    if kind == CredentialType::Passkey {
        if user_handle.is_none() {
            return Err(required(
                &config,
                "user_handle",
                "Passkey credential import requires a non-empty user_handle.",
            ));
        }
        if items.is_empty() {
            return Err(required(
                &config,
                "credentials",
                "Passkey credential import requires at least one credential.",
            ));
        }
    }
    config.end()?;
    let keys = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| key(Object::new(item, format!("{path}.{index}"), unknown)?, kind))
        .collect::<Result<_>>()?;
    Ok(KeysImport { keys, user_handle })
}

fn required(config: &Object, name: &str, sentence: &'static str) -> Error {
    let field = config.path(name);
    Error::with_message(palisade_envelope::Code::InvalidRequest, sentence)
        .detail("field", field)
        .detail("expected", "one that is not empty")
}

fn key(mut object: Object, kind: CredentialType) -> Result<KeyImport> {
    let Some(id) = bytes(&mut object, "id", MAX_ID)? else {
        return Err(object.wrong("id", "the id of the key, in Base64"));
    };
    let Some(public_key) = bytes(&mut object, "public_key", MAX_BYTES)? else {
        return Err(object.wrong("public_key", "the public key, in Base64"));
    };
    let mut config = Map::new();
    config.insert("id".to_owned(), id.as_str().into());
    config.insert("public_key".to_owned(), public_key.into());
    for name in ["attestation_type", "display_name"] {
        let text = text(&mut object, name)?.unwrap_or_default();
        config.insert(name.to_owned(), text.into());
    }
    let alone = object.flag("is_passwordless")?;
    config.insert(
        "is_passwordless".to_owned(),
        alone.unwrap_or(kind == CredentialType::Passkey).into(),
    );
    if let Some(added_at) = object.string("added_at")? {
        match time(&added_at) {
            Some(time) => config.insert("added_at".to_owned(), serde_json::json!(time)),
            None => {
                return Err(object.wrong("added_at", "a time such as `2026-01-31T12:00:00Z`"));
            }
        };
    }
    let parts: [(&str, Part); 3] = [
        ("authenticator", authenticator),
        ("flags", flags),
        ("attestation", attestation),
    ];
    for (name, read) in parts {
        if let Some(part) = object.object(name)? {
            config.insert(name.to_owned(), Value::Object(read(part)?));
        }
    }
    if let Some(transport) = transports(&mut object)? {
        config.insert("transport".to_owned(), transport.into());
    }
    object.end()?;
    Ok(KeyImport { id, config })
}

type Part = fn(Object) -> Result<Map<String, Value>>;

fn authenticator(mut object: Object) -> Result<Map<String, Value>> {
    let mut part = Map::new();
    if let Some(aaguid) = bytes(&mut object, "aaguid", 16)? {
        part.insert("aaguid".to_owned(), aaguid.into());
    }
    let count = match object.any("sign_count") {
        None => 0,
        Some(value) => value
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .ok_or_else(|| object.wrong("sign_count", "a number from 0 to 4294967295"))?,
    };
    part.insert("sign_count".to_owned(), count.into());
    let warning = object.flag("clone_warning")?.unwrap_or(false);
    part.insert("clone_warning".to_owned(), warning.into());
    object.end()?;
    Ok(part)
}

fn flags(mut object: Object) -> Result<Map<String, Value>> {
    let mut part = Map::new();
    for name in [
        "user_present",
        "user_verified",
        "backup_eligible",
        "backup_state",
    ] {
        let flag = object.flag(name)?.unwrap_or(false);
        part.insert(name.to_owned(), flag.into());
    }
    object.end()?;
    Ok(part)
}

fn attestation(mut object: Object) -> Result<Map<String, Value>> {
    let mut part = Map::new();
    for name in [
        "client_dataJSON",
        "client_data_hash",
        "authenticator_data",
        "object",
    ] {
        if let Some(bytes) = bytes(&mut object, name, MAX_BYTES)? {
            part.insert(name.to_owned(), bytes.into());
        }
    }
    if let Some(algorithm) = object.any("public_key_algorithm") {
        if algorithm.as_i64().is_none() {
            return Err(object.wrong("public_key_algorithm", "an integer"));
        }
        part.insert("public_key_algorithm".to_owned(), algorithm);
    }
    object.end()?;
    Ok(part)
}

fn transports(object: &mut Object) -> Result<Option<Vec<Value>>> {
    let Some(items) = object.list("transport")? else {
        return Ok(None);
    };
    let fits = |item: &Value| item.as_str().is_some_and(|text| text.len() <= MAX_TEXT);
    if items.len() > MAX_TRANSPORTS || !items.iter().all(fits) {
        return Err(object.wrong(
            "transport",
            format!("at most {MAX_TRANSPORTS} words such as `usb` or `internal`"),
        ));
    }
    Ok(Some(items))
}

fn text(object: &mut Object, name: &str) -> Result<Option<String>> {
    match object.string(name)? {
        Some(text) if text.chars().count() > MAX_TEXT => {
            Err(object.wrong(name, format!("at most {MAX_TEXT} characters")))
        }
        text => Ok(text),
    }
}

/// Bytes: in Base64, as Ory shows them, or as a list of numbers, as its SDKs send them. `None` where absent or empty.
fn bytes(object: &mut Object, name: &str, longest: usize) -> Result<Option<String>> {
    let read = match object.any(name) {
        None => return Ok(None),
        Some(Value::String(text)) => decoded(&text),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_u64().and_then(|byte| u8::try_from(byte).ok()))
            .collect(),
        Some(_) => None,
    };
    match read {
        Some(bytes) if bytes.is_empty() => Ok(None),
        Some(bytes) if bytes.len() <= longest => Ok(Some(STANDARD.encode(bytes))),
        _ => Err(object.wrong(
            name,
            format!("at most {longest} bytes in Base64, or as a list of numbers"),
        )),
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [STANDARD_ALPHABET, URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, CONFIG).decode(text).ok())
}

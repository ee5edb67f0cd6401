//! WebAuthn keys and passkeys.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use palisade_envelope::{Error, Result};
use serde_json::{Value, json};

use super::{
    KeysImport, MAX_IDENTIFIER,
    credentials::{Merged, entry},
};
use crate::{CredentialType, Secret, Timestamp};

/// The most keys of one type that an identity may have.
const MAX_KEYS: usize = 100;

impl Merged {
    /// Adds keys; one whose id is there takes its place.
    pub(super) fn keys(
        &mut self,
        kind: CredentialType,
        import: KeysImport,
        kept: Option<&Secret>,
        now: Timestamp,
    ) -> Result<()> {
        let KeysImport { keys, user_handle } = import;
        let mut all = list(kept, "credentials");
        for key in keys {
            let mut config = key.config;
            let place = all
                .iter_mut()
                .find(|known| known.get("id").and_then(Value::as_str) == Some(key.id.as_str()));
            let known = place
                .as_ref()
                .and_then(|known| known.get("added_at").cloned());
            config
                .entry("added_at")
                .or_insert_with(|| known.unwrap_or_else(|| json!(now)));
            match place {
                Some(place) => *place = Value::Object(config),
                None => all.push(Value::Object(config)),
            }
        }
        if all.len() > MAX_KEYS {
            return Err(Error::field(
                format!("credentials.{}.config.credentials", kind.as_str()),
                format!("at most {MAX_KEYS} keys of this type on one identity"),
            ));
        }
        if all.is_empty() {
            return Ok(());
        }
        let handle = user_handle.or_else(|| self::user_handle(kept));
        let credential = entry(&mut self.credentials, kind, now);
        if let (CredentialType::Passkey, Some(handle)) = (kind, &handle) {
            credential.identifiers = vec![identifier(handle)];
        }
        credential.updated_at = now;
        count(credential, &all);
        self.secret(kind, &config(&all, handle.as_deref()));
        Ok(())
    }
}

/// Brings the public part up to the keys that there are.
pub(super) fn count(credential: &mut crate::Credential, keys: &[Value]) {
    let alone = match credential.kind {
        CredentialType::Webauthn => keys.iter().filter(|key| is_passwordless(key)).count(),
        _ => keys.len(),
    };
    credential.usable = !keys.is_empty();
    credential.keys = u32::try_from(alone).unwrap_or(u32::MAX);
}

/// Whether the key signs in without a password.
pub(super) fn is_passwordless(key: &Value) -> bool {
    key.get("is_passwordless").and_then(Value::as_bool) == Some(true)
}

/// The secret part with these keys.
pub(super) fn config(keys: &[Value], user_handle: Option<&str>) -> Value {
    match user_handle {
        Some(handle) => json!({ "credentials": keys, "user_handle": handle }),
        None => json!({ "credentials": keys }),
    }
}

/// The list of this name in a secret; empty where there is none.
pub(super) fn list(secret: Option<&Secret>, name: &str) -> Vec<Value> {
    match secret.map(|secret| secret.reveal().to_value()) {
        Some(mut config) => match config.get_mut(name).map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        None => Vec::new(),
    }
}

/// The user handle in a secret.
pub(super) fn user_handle(secret: Option<&Secret>) -> Option<String> {
    let config = secret?.reveal().to_value();
    Some(config.get("user_handle")?.as_str()?.to_owned())
}

/// What a passkey is found by: its user handle, as text where it is one, as Ory has it.
fn identifier(handle: &str) -> String {
    let text = STANDARD
        .decode(handle)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    text.filter(|text| {
        !text.is_empty()
            && text.chars().count() <= MAX_IDENTIFIER
            && !text.chars().any(char::is_control)
    })
    .unwrap_or_else(|| handle.to_owned())
}

//! Takes one credential away.

use std::collections::BTreeMap;

use palisade_envelope::{Code, Error, Result};
use serde_json::Value;

use super::{Changed, keys, link::next};
use crate::{
    CredentialType, Identity, RawJson, Secret, Timestamp, credential::ways_to_sign_in,
    json::shortened,
};

/// What is to be taken away.
#[derive(Clone, Copy, Debug)]
pub struct CredentialRemoval<'a> {
    /// The type, as the caller names it.
    pub kind: &'a str,
    /// `provider:subject`, for oidc and saml.
    pub identifier: Option<&'a str>,
    /// Also the last way to sign in.
    pub force: bool,
}

impl CredentialRemoval<'_> {
    /// What is wrong with it whatever the identity is: keys of devices are named.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn check(&self) -> Result<()> {
        if self.kind == CredentialType::Deviceauthn.as_str() {
            self.required_identifier()?;
        }
        Ok(())
    }

    fn required_identifier(&self) -> Result<&str> {
        self.identifier
            .filter(|text| !text.is_empty())
            .ok_or_else(|| {
                Error::with_message(
                    Code::InvalidRequest,
                    "You must provide an identifier to delete this credential.",
                )
                .detail("field", "identifier")
                .detail("expected", "one of the credential's identifiers")
            })
    }

    fn not_set_up(&self) -> Error {
        let kind = shortened(self.kind);
        Error::with_message(
            Code::NotFound,
            format!("You tried to remove a {kind} but this user have no {kind} set up."),
        )
    }
}

/// The identity without this credential. `kept` is the secret part of it.
///
/// A password leaves its identifiers behind. Of WebAuthn keys those go that only add to a password. Of accounts at
/// providers the named one goes, and with it the link; links that a provisioning system manages are the caller's to look
/// after.
///
/// # Errors
/// `not_found` where the identity has none of the type or of the identifier; `last_first_factor` unless forced;
/// `invalid_request` where the identifier is missing, or the type can't be removed.
pub fn remove_credential(
    current: &Identity,
    removal: CredentialRemoval<'_>,
    kept: Option<&Secret>,
    now: Timestamp,
) -> Result<Changed> {
    let kind = CredentialType::parse(removal.kind).ok_or_else(|| removal.not_set_up())?;
    if !current.credentials.contains_key(&kind) {
        return Err(removal.not_set_up());
    }
    let mut changed = Changed {
        identity: next(current, now),
        secrets: BTreeMap::new(),
    };
    match kind {
        CredentialType::Totp | CredentialType::LookupSecret => {
            changed.identity.credentials.remove(&kind);
            changed.secrets.insert(kind, None);
        }
        CredentialType::Webauthn => webauthn(&mut changed, kept, now),
        CredentialType::Password => {
            keeps_a_way_in(current, removal.force)?;
            if let Some(credential) = changed.identity.credentials.get_mut(&kind) {
                credential.usable = false;
                credential.updated_at = now;
            }
            changed.secrets.insert(kind, None);
        }
        CredentialType::Oidc | CredentialType::Saml => {
            keeps_a_way_in(current, removal.force)?;
            let identifier = removal.required_identifier()?;
            account(&mut changed, kind, identifier, now)?;
        }
        _ => {
            return Err(Error::with_message(
                Code::InvalidRequest,
                format!("Credentials type {} cannot be deleted.", kind.as_str()),
            )
            .detail("field", "type")
            .detail(
                "expected",
                "`totp`, `lookup_secret`, `webauthn`, `password`, `oidc` or `saml`",
            ));
        }
    }
    Ok(changed)
}

fn keeps_a_way_in(current: &Identity, force: bool) -> Result<()> {
    if force || ways_to_sign_in(current) >= 2 {
        Ok(())
    } else {
        Err(Error::with_message(
            Code::LastFirstFactor,
            "You cannot remove the last first factor credential.",
        ))
    }
}

fn webauthn(changed: &mut Changed, kept: Option<&Secret>, now: Timestamp) {
    let kind = CredentialType::Webauthn;
    let all = keys::list(kept, "credentials");
    let left: Vec<Value> = all.into_iter().filter(keys::is_passwordless).collect();
    let Some(credential) = changed.identity.credentials.get_mut(&kind) else {
        return;
    };
    keys::count(credential, &left);
    credential.updated_at = now;
    // Identifiers that the traits name stay, as with a password.
    let empty = left.is_empty() && credential.identifiers.is_empty();
    if empty {
        changed.identity.credentials.remove(&kind);
    }
    let secret = (!left.is_empty()).then(|| {
        let config = keys::config(&left, keys::user_handle(kept).as_deref());
        Secret::new(RawJson::from_value(&config))
    });
    changed.secrets.insert(kind, secret);
}

fn account(
    changed: &mut Changed,
    kind: CredentialType,
    identifier: &str,
    now: Timestamp,
) -> Result<()> {
    let credentials = &mut changed.identity.credentials;
    let known = credentials.get_mut(&kind).filter(|credential| {
        credential
            .identifiers
            .iter()
            .any(|known| known == identifier)
    });
    let Some(credential) = known else {
        let message = format!(
            "The identifier `{}` was not found among {} credentials.",
            shortened(identifier),
            kind.as_str().to_uppercase()
        );
        return Err(Error::with_message(Code::NotFound, message).detail("field", "identifier"));
    };
    credential.identifiers.retain(|known| known != identifier);
    credential.accounts.remove(identifier);
    credential.updated_at = now;
    if credential.identifiers.is_empty() {
        credentials.remove(&kind);
    }
    Ok(())
}

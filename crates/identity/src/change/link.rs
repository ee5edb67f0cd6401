//! Links at outside providers, which oidc and saml credentials show as identifiers: one fact in two views.

use std::collections::BTreeMap;

use palisade_envelope::{Error, Result};

use super::{
    Changed,
    credentials::{AccountFault, account_identifier, add_accounts},
};
use crate::{CredentialType, Identity, ProviderType, Timestamp, link::PROVIDER_NAME};

/// The identity with this account at a provider. For a provider of type scim the credentials stay as they are: nobody
/// signs in through it.
///
/// # Errors
/// `invalid_request` when the provider's name or the subject can't be part of an identifier.
pub fn link(
    current: &Identity,
    provider: &str,
    kind: ProviderType,
    subject: &str,
    now: Timestamp,
) -> Result<Changed> {
    let mut identity = next(current, now);
    if let Some(credential) = credential(kind) {
        let identifier = account_identifier(provider, subject).map_err(|fault| match fault {
            AccountFault::Provider => Error::field("provider_name", PROVIDER_NAME),
            AccountFault::Subject => {
                Error::field("external_id", "a shorter text without control characters")
            }
        })?;
        add_accounts(&mut identity.credentials, credential, [identifier], now);
    }
    Ok(Changed {
        identity,
        secrets: BTreeMap::new(),
    })
}

/// A change that has this account at a provider, too.
///
/// # Errors
/// As [`link`].
pub fn with_account(
    mut changed: Changed,
    provider: &str,
    kind: ProviderType,
    subject: &str,
    now: Timestamp,
) -> Result<Changed> {
    let revision = changed.identity.revision;
    changed.identity = link(&changed.identity, provider, kind, subject, now)?.identity;
    changed.identity.revision = revision;
    Ok(changed)
}

/// The identity without this account at a provider.
pub fn unlink(
    current: &Identity,
    provider: &str,
    kind: ProviderType,
    subject: &str,
    now: Timestamp,
) -> Changed {
    let mut identity = next(current, now);
    let mut secrets = BTreeMap::new();
    if let Some(kind) = credential(kind)
        && let Some(credential) = identity.credentials.get_mut(&kind)
    {
        let identifier = format!("{provider}:{subject}");
        let before = credential.identifiers.len();
        credential.identifiers.retain(|known| *known != identifier);
        credential.accounts.remove(&identifier);
        if credential.identifiers.len() != before {
            credential.updated_at = now;
        }
        if credential.identifiers.is_empty() {
            identity.credentials.remove(&kind);
            secrets.insert(kind, None);
        }
    }
    Changed { identity, secrets }
}

pub(super) fn next(current: &Identity, now: Timestamp) -> Identity {
    Identity {
        updated_at: now,
        revision: current.revision + 1,
        ..current.clone()
    }
}

const fn credential(kind: ProviderType) -> Option<CredentialType> {
    match kind {
        ProviderType::Oidc => Some(CredentialType::Oidc),
        ProviderType::Saml => Some(CredentialType::Saml),
        ProviderType::Scim => None,
    }
}

//! Credentials in the Ory sense: what an identity signs in with.
//!
//! The public part ([`Credential`]: identifiers, version, times) sits in the identity's row. The secret part
//! ([`Secret`]: hashes, seeds) is kept apart and read only under the action `credential:reveal`.

pub mod hash;
mod reveal;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{RawJson, Timestamp};

pub use reveal::{reveal, reveal_all};

/// The kinds of credential that Ory knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialType {
    /// A password.
    Password,
    /// Sign-in through an OpenID provider: identifiers are `provider:subject`.
    Oidc,
    /// Sign-in through a SAML provider: identifiers are `provider:subject`.
    Saml,
    /// Time-based one-time passwords.
    Totp,
    /// Backup codes.
    LookupSecret,
    /// WebAuthn keys.
    Webauthn,
    /// One-time codes by e-mail or text message.
    Code,
    /// Passkeys.
    Passkey,
    /// Recovery by link; never stored, accepted in `include_credential`.
    LinkRecovery,
    /// Recovery by code; never stored, accepted in `include_credential`.
    CodeRecovery,
    /// Device-bound keys.
    Deviceauthn,
}

impl CredentialType {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Password,
        Self::Oidc,
        Self::Saml,
        Self::Totp,
        Self::LookupSecret,
        Self::Webauthn,
        Self::Code,
        Self::Passkey,
        Self::LinkRecovery,
        Self::CodeRecovery,
        Self::Deviceauthn,
    ];

    /// As it stands in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Oidc => "oidc",
            Self::Saml => "saml",
            Self::Totp => "totp",
            Self::LookupSecret => "lookup_secret",
            Self::Webauthn => "webauthn",
            Self::Code => "code",
            Self::Passkey => "passkey",
            Self::LinkRecovery => "link_recovery",
            Self::CodeRecovery => "code_recovery",
            Self::Deviceauthn => "deviceauthn",
        }
    }

    /// The kind that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

/// The public part of one credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// The kind; the same as its key in [`Credentials`].
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// What is typed or presented to sign in: normalised for password, webauthn and code, raw for oidc and saml.
    /// Sorted, each once.
    pub identifiers: Vec<String>,
    /// Of the configuration's form: password and code 1, oidc and saml 0.
    pub version: i64,
    /// Whether it can be signed in with: a password credential with identifiers alone can't. Not for callers.
    #[serde(default)]
    pub usable: bool,
    /// What is kept of accounts at oidc and saml providers beside their identifiers; by identifier, those only that
    /// have something.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<String, AccountSettings>,
    /// How many of its keys sign in by themselves: passkeys, and WebAuthn keys that need no password. Not for callers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub keys: u32,
    /// When it was first set up.
    #[serde(with = "crate::time_text")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(with = "crate::time_text")]
    pub updated_at: Timestamp,
}

/// What Ory keeps of an account at a provider: taken from an import, shown in the credential's `config`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSettings {
    /// Whether a sign-in may link the account by itself.
    #[serde(default)]
    pub use_auto_link: bool,
    /// The organization that the account signs in for.
    #[serde(default)]
    pub organization: Option<Uuid>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The public parts by kind.
pub type Credentials = BTreeMap<CredentialType, Credential>;

/// The secret part of one credential: Ory's `config` object, as text. Never logged: `Debug` hides it.
#[derive(Clone, PartialEq)]
pub struct Secret(RawJson);

impl Secret {
    /// Keeps this `config`.
    pub const fn new(config: RawJson) -> Self {
        Self(config)
    }

    /// The `config`, for the store and for a reply under `credential:reveal`.
    pub const fn reveal(&self) -> &RawJson {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The member of a password's `config` that says, where it is `true`, that the password is known to another system only.
pub const MIGRATION_HOOK: &str = "use_password_migration_hook";

/// Whether this is the secret part of a password that is known to another system only.
pub fn password_is_elsewhere(password: &Secret) -> bool {
    let config = password.reveal().to_value();
    config.get(MIGRATION_HOOK) == Some(&serde_json::Value::Bool(true))
}

/// The secret parts by kind.
pub type Secrets = BTreeMap<CredentialType, Secret>;

/// How many ways the identity has to sign in by themselves: its password, each account at an oidc or saml provider, each
/// passkey, and each WebAuthn key that needs no password.
pub fn ways_to_sign_in(identity: &crate::Identity) -> usize {
    identity
        .credentials
        .values()
        .filter(|credential| credential.usable && !credential.identifiers.is_empty())
        .map(|credential| match credential.kind {
            CredentialType::Password => 1,
            CredentialType::Oidc | CredentialType::Saml => credential.identifiers.len(),
            CredentialType::Passkey | CredentialType::Webauthn => {
                usize::try_from(credential.keys).unwrap_or(usize::MAX)
            }
            _ => 0,
        })
        .fold(0, usize::saturating_add)
}

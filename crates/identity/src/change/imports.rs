//! Credentials that come with an identity. What is secret in them is hidden from `Debug`.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{AccountSettings, CredentialType, Timestamp};

/// Credentials that come with an identity.
#[derive(Clone, Debug, Default)]
pub struct CredentialImport {
    /// A password; replaces the one that is there.
    pub password: Option<PasswordImport>,
    /// Accounts at OpenID providers; added to those that are there.
    pub oidc: Option<Vec<ProviderSubject>>,
    /// Accounts at SAML providers; added to those that are there.
    pub saml: Option<Vec<ProviderSubject>>,
    /// A seed of one-time passwords; replaces the one that is there.
    pub totp: Option<TotpImport>,
    /// Backup codes; added to those that are there.
    pub lookup_secret: Option<Vec<CodeImport>>,
    /// WebAuthn keys; each takes the place of the one with its id, or is added.
    pub webauthn: Option<KeysImport>,
    /// Passkeys; each takes the place of the one with its id, or is added.
    pub passkey: Option<KeysImport>,
}

impl CredentialImport {
    /// The plain password, if one was sent: hash it ([`crate::credential::hash::argon2id`], off the async threads)
    /// and give the hash to [`Self::set_password_hash`] before the change is made.
    pub fn plain_password(&self) -> Option<&Zeroizing<String>> {
        match &self.password {
            Some(PasswordImport::Plain(plain)) => Some(plain),
            _ => None,
        }
    }

    /// Puts the hash in the place of the plain password.
    pub fn set_password_hash(&mut self, hash: String) {
        self.password = Some(PasswordImport::Hashed(hash));
    }

    /// The kinds that are added to what is there, so that a change of an identity needs their secrets.
    pub fn adds_to(&self) -> Vec<CredentialType> {
        let Self {
            password: _,
            oidc: _,
            saml: _,
            totp: _,
            lookup_secret,
            webauthn,
            passkey,
        } = self;
        [
            (CredentialType::LookupSecret, lookup_secret.is_some()),
            (CredentialType::Webauthn, webauthn.is_some()),
            (CredentialType::Passkey, passkey.is_some()),
        ]
        .into_iter()
        .filter_map(|(kind, there)| there.then_some(kind))
        .collect()
    }
}

/// A password that comes with an identity.
#[derive(Clone)]
pub enum PasswordImport {
    /// Still to be hashed. Wiped when dropped.
    Plain(Zeroizing<String>),
    /// In one of the formats of [`crate::credential::hash`].
    Hashed(String),
    /// Known to another system only, until it is set here: Ory's `use_password_migration_hook`.
    Elsewhere,
}

impl std::fmt::Debug for PasswordImport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(..)",
            Self::Hashed(_) => "Hashed(..)",
            Self::Elsewhere => "Elsewhere",
        })
    }
}

/// An account at a provider that comes with an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSubject {
    /// The provider's name.
    pub provider: String,
    /// The subject there.
    pub subject: String,
    /// What else is kept of it, and shown.
    pub settings: AccountSettings,
}

/// The seed of one-time passwords as an `otpauth://totp/` URL.
#[derive(Clone)]
pub struct TotpImport(pub Zeroizing<String>);

impl std::fmt::Debug for TotpImport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpImport(..)")
    }
}

/// A backup code.
#[derive(Clone)]
pub struct CodeImport {
    /// What is typed.
    pub code: Zeroizing<String>,
    /// When it was used up.
    pub used_at: Option<Timestamp>,
}

impl std::fmt::Debug for CodeImport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeImport(..)")
    }
}

/// WebAuthn keys or passkeys.
#[derive(Clone)]
pub struct KeysImport {
    /// The keys.
    pub keys: Vec<KeyImport>,
    /// What authenticators know the identity by, in Base64.
    pub user_handle: Option<String>,
}

impl std::fmt::Debug for KeysImport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeysImport({} keys)", self.keys.len())
    }
}

/// One key.
#[derive(Clone)]
pub struct KeyImport {
    /// Its id, in Base64.
    pub id: String,
    /// The whole of it as Ory's clients read it, bytes in Base64. Without `added_at` where none was sent.
    pub config: Map<String, Value>,
}

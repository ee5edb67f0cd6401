//! Credentials follow the traits and what is imported.

use std::collections::{BTreeMap, BTreeSet};

use palisade_envelope::{Error, Result};
use serde_json::{Value, json};

use super::{
    CodeImport, CredentialImport, MAX_IDENTIFIER, PasswordImport, ProviderSubject, TotpImport,
};
use crate::{
    Credential, CredentialType, Credentials, IdentityId, RawJson, Secret, Secrets, Timestamp,
    credential::{self, AccountSettings, hash},
    link,
    schema::Derived,
};

/// The most accounts at outside providers of one type that an identity may have.
const MAX_ACCOUNTS: usize = 500;
/// The most backup codes that an identity may have.
const MAX_CODES: usize = 500;

/// What becomes of the credentials.
pub(super) struct Merged {
    pub(super) credentials: Credentials,
    pub(super) secrets: BTreeMap<CredentialType, Option<Secret>>,
}

/// Brings `credentials` up to the traits and adds what is imported.
///
/// Identifiers of a type that the traits no longer name at all stay, as they do in Ory's: a sign-in does not stop
/// working, and its identifier is not free, because a trait went away.
pub(super) fn merge(
    credentials: Credentials,
    kept: &Secrets,
    import: CredentialImport,
    derived: &Derived,
    id: IdentityId,
    now: Timestamp,
) -> Result<Merged> {
    let mut merged = Merged {
        credentials,
        secrets: BTreeMap::new(),
    };
    let CredentialImport {
        password,
        oidc,
        saml,
        totp,
        lookup_secret,
        webauthn,
        passkey,
    } = import;
    merged.identified(CredentialType::Password, &derived.password, now);
    merged.identified(CredentialType::Webauthn, &derived.webauthn, now);
    merged.code(derived, now);
    if let Some(password) = password {
        merged.password(password, now)?;
    }
    for (kind, accounts) in [(CredentialType::Oidc, oidc), (CredentialType::Saml, saml)] {
        if let Some(accounts) = accounts {
            merged.accounts(kind, &accounts, now)?;
        }
    }
    if let Some(totp) = totp {
        merged.totp(&totp, id, now);
    }
    if let Some(codes) = lookup_secret {
        merged.codes(&codes, kept.get(&CredentialType::LookupSecret), id, now)?;
    }
    for (kind, import) in [
        (CredentialType::Webauthn, webauthn),
        (CredentialType::Passkey, passkey),
    ] {
        if let Some(import) = import {
            merged.keys(kind, import, kept.get(&kind), now)?;
        }
    }
    Ok(merged)
}

/// Adds accounts at providers to a credential of type oidc or saml; those that are there stay as they are.
pub(super) fn add_accounts(
    credentials: &mut Credentials,
    kind: CredentialType,
    identifiers: impl IntoIterator<Item = String>,
    now: Timestamp,
) {
    let credential = entry(credentials, kind, now);
    let mut all: BTreeSet<String> = credential.identifiers.iter().cloned().collect();
    all.extend(identifiers);
    if all.len() != credential.identifiers.len() {
        credential.identifiers = all.into_iter().collect();
        credential.updated_at = now;
    }
    credential.usable = true;
}

impl Merged {
    /// Replaces the identifiers of a type where the traits name some. Tells whether they are others than before.
    fn identified(
        &mut self,
        kind: CredentialType,
        named: &BTreeSet<String>,
        now: Timestamp,
    ) -> bool {
        if named.is_empty() {
            return false;
        }
        let credential = entry(&mut self.credentials, kind, now);
        let changed = !credential.identifiers.iter().eq(named);
        if changed {
            credential.identifiers = named.iter().cloned().collect();
            credential.updated_at = now;
        }
        changed
    }

    fn code(&mut self, derived: &Derived, now: Timestamp) {
        let named: BTreeSet<String> = derived.code.keys().cloned().collect();
        if !self.identified(CredentialType::Code, &named, now) {
            return;
        }
        if let Some(credential) = self.credentials.get_mut(&CredentialType::Code) {
            credential.usable = true;
        }
        let addresses: Vec<Value> = derived
            .code
            .iter()
            .map(|(address, via)| json!({ "channel": via.as_str(), "address": address }))
            .collect();
        self.secret(CredentialType::Code, &json!({ "addresses": addresses }));
    }

    fn password(&mut self, password: PasswordImport, now: Timestamp) -> Result<()> {
        let config = match password {
            PasswordImport::Hashed(hash) => {
                hash::recognise(&hash).map_err(|refusal| {
                    refusal.error("credentials.password.config.hashed_password")
                })?;
                json!({ "hashed_password": hash })
            }
            PasswordImport::Elsewhere => json!({ credential::MIGRATION_HOOK: true }),
            PasswordImport::Plain(_) => {
                return Err(Error::internal(
                    "a plain password reached a change; it is to be hashed before",
                ));
            }
        };
        let entry = entry(&mut self.credentials, CredentialType::Password, now);
        // Nobody signs in with what is not here.
        entry.usable = config.get(credential::MIGRATION_HOOK).is_none();
        entry.updated_at = now;
        self.secret(CredentialType::Password, &config);
        Ok(())
    }

    fn accounts(
        &mut self,
        kind: CredentialType,
        accounts: &[ProviderSubject],
        now: Timestamp,
    ) -> Result<()> {
        let mut identifiers = Vec::with_capacity(accounts.len());
        for (index, account) in accounts.iter().enumerate() {
            let field = format!("credentials.{}.config.providers.{index}", kind.as_str());
            identifiers.push(
                account_identifier(&account.provider, &account.subject)
                    .map_err(|fault| fault.error(&field))?,
            );
        }
        let known = self
            .credentials
            .get(&kind)
            .map_or(0, |credential| credential.identifiers.len());
        if known + identifiers.len() > MAX_ACCOUNTS {
            let field = format!("credentials.{}.config.providers", kind.as_str());
            return Err(Error::field(
                field,
                format!("at most {MAX_ACCOUNTS} accounts of this type on one identity"),
            ));
        }
        if !identifiers.is_empty() {
            let settings = identifiers
                .iter()
                .cloned()
                .zip(accounts.iter().map(|account| account.settings))
                .filter(|(_, settings)| *settings != AccountSettings::default())
                .collect();
            add_accounts(&mut self.credentials, kind, identifiers, now);
            self.settings(kind, settings, now);
        }
        Ok(())
    }

    /// Keeps what the import says of accounts; what it says nothing of stays.
    fn settings(
        &mut self,
        kind: CredentialType,
        settings: BTreeMap<String, AccountSettings>,
        now: Timestamp,
    ) {
        let credential = entry(&mut self.credentials, kind, now);
        for (identifier, settings) in settings {
            if credential.accounts.insert(identifier, settings) != Some(settings) {
                credential.updated_at = now;
            }
        }
    }

    fn totp(&mut self, totp: &TotpImport, id: IdentityId, now: Timestamp) {
        let credential = entry(&mut self.credentials, CredentialType::Totp, now);
        credential.identifiers = vec![id.to_string()];
        credential.usable = true;
        credential.updated_at = now;
        self.secret(
            CredentialType::Totp,
            &json!({ "totp_url": totp.0.as_str() }),
        );
    }

    fn codes(
        &mut self,
        codes: &[CodeImport],
        kept: Option<&Secret>,
        id: IdentityId,
        now: Timestamp,
    ) -> Result<()> {
        let mut all = super::keys::list(kept, "recovery_codes");
        for CodeImport { code, used_at } in codes {
            let known =
                |known: &Value| known.get("code").and_then(Value::as_str) == Some(code.as_str());
            if all.iter().any(known) {
                continue;
            }
            all.push(match used_at {
                Some(used_at) => json!({ "code": code.as_str(), "used_at": used_at }),
                None => json!({ "code": code.as_str() }),
            });
        }
        if all.len() > MAX_CODES {
            return Err(Error::field(
                "credentials.lookup_secret.config.codes",
                format!("at most {MAX_CODES} codes on one identity"),
            ));
        }
        if all.is_empty() {
            return Ok(());
        }
        let credential = entry(&mut self.credentials, CredentialType::LookupSecret, now);
        credential.identifiers = vec![id.to_string()];
        credential.usable = true;
        credential.updated_at = now;
        self.secret(
            CredentialType::LookupSecret,
            &json!({ "recovery_codes": all }),
        );
        Ok(())
    }

    pub(super) fn secret(&mut self, kind: CredentialType, config: &Value) {
        self.secrets
            .insert(kind, Some(Secret::new(RawJson::from_value(config))));
    }
}

/// What can't be an account at a provider.
pub(super) enum AccountFault {
    Provider,
    Subject,
}

impl AccountFault {
    pub(super) fn error(&self, field: &str) -> Error {
        match self {
            Self::Provider => Error::field(format!("{field}.provider"), link::PROVIDER_NAME),
            Self::Subject => Error::field(
                format!("{field}.subject"),
                format!(
                    "at least one character, none of them a control character, and with the provider's name at most \
                     {MAX_IDENTIFIER}"
                ),
            ),
        }
    }
}

/// `provider:subject`.
pub(super) fn account_identifier(provider: &str, subject: &str) -> Result<String, AccountFault> {
    if !link::is_provider_name(provider) {
        return Err(AccountFault::Provider);
    }
    let identifier = format!("{provider}:{subject}");
    let fits = identifier.chars().count() <= MAX_IDENTIFIER;
    if subject.is_empty() || !fits || subject.chars().any(char::is_control) {
        return Err(AccountFault::Subject);
    }
    Ok(identifier)
}

pub(super) fn entry(
    credentials: &mut Credentials,
    kind: CredentialType,
    now: Timestamp,
) -> &mut Credential {
    credentials.entry(kind).or_insert_with(|| Credential {
        kind,
        identifiers: Vec::new(),
        version: match kind {
            CredentialType::Oidc | CredentialType::Saml => 0,
            _ => 1,
        },
        usable: false,
        accounts: BTreeMap::new(),
        keys: 0,
        created_at: now,
        updated_at: now,
    })
}

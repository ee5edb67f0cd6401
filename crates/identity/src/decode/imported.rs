//! An identity as a list shows it, with the secret parts of its credentials: what an import is made from.
//!
//! Strict at the top level, so that nothing is lost unseen; in credentials and addresses, whose members differ from one
//! version of a system to the next, what is not known is ignored.

use palisade_envelope::{Error, Result};
use serde_json::Value;

use super::{
    credentials,
    identity::{address_list, external_id, organization, region, schema_id, state, time, traits},
    object::{Object, Unknown},
};
use crate::{
    AccountSettings, CredentialType, IdentityId, Timestamp, Via,
    change::{
        CreateIdentity, CredentialFacts, CredentialImport, ImportIdentity, ProviderSubject, Seen,
    },
    json,
};

/// Credentials that are shown and can't be brought along: what they hold is good for one use, or for another system.
const LEFT_OUT: &[&str] = &[
    "code_recovery",
    "deviceauthn",
    "identifier_first",
    "link_recovery",
    "profile",
];
/// The most identifiers of one credential.
const MAX_IDENTIFIERS: usize = 500;

/// The text of an identity.
///
/// # Errors
/// `invalid_json`, `unknown_field`, or `invalid_request` for a wrong type or a word that is none of those known.
pub fn imported(text: &[u8]) -> Result<ImportIdentity> {
    imported_value(json::parse(text)?)
}

/// The same from a value.
///
/// # Errors
/// As [`imported`].
pub fn imported_value(value: Value) -> Result<ImportIdentity> {
    if !value.is_object() {
        return Err(Error::field("identity", "an object"));
    }
    let mut object = Object::new(value, "", Unknown::Refused)?;
    let id = object
        .string("id")?
        .and_then(|text| IdentityId::parse(&text));
    let verifiable = object.list("verifiable_addresses")?.unwrap_or_default();
    let recovery = object.list("recovery_addresses")?.unwrap_or_default();
    let seen = Seen {
        created_at: instant(&mut object, "created_at")?,
        updated_at: instant(&mut object, "updated_at")?,
        state_changed_at: instant(&mut object, "state_changed_at")?,
        verifiable: seen_addresses(&verifiable),
        recovery: seen_addresses(&recovery),
        verified_email: None,
        verified_sms: None,
    };
    let (credentials, facts) = credentials(&mut object)?;
    // Where it can be read, which is elsewhere from now on.
    object.string("schema_url")?;
    let create = CreateIdentity {
        schema_id: schema_id(&mut object)?,
        traits: traits(&mut object)?,
        credentials,
        verifiable_addresses: address_list(verifiable, "verifiable_addresses", Unknown::Ignored)?,
        recovery_addresses: address_list(recovery, "recovery_addresses", Unknown::Ignored)?,
        metadata_public: object.any("metadata_public"),
        metadata_admin: object.any("metadata_admin"),
        state: state(&mut object)?,
        organization_id: organization(&mut object)?,
        external_id: external_id(&mut object)?,
        region: region(&mut object)?,
    };
    object.end()?;
    Ok(ImportIdentity {
        id,
        create,
        seen,
        facts,
    })
}

fn instant(object: &mut Object, name: &str) -> Result<Option<Timestamp>> {
    match object.string(name)?.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => match time(&text) {
            Some(time) => Ok(Some(time)),
            None => Err(object.wrong(name, "a time such as `2026-01-31T12:00:00Z`")),
        },
    }
}

/// When addresses were first seen and last changed. What is no time is not worth a refusal here.
fn seen_addresses(items: &[Value]) -> Vec<crate::change::SeenAddress> {
    let text = |item: &Value, name: &str| item.get(name)?.as_str().map(str::to_owned);
    items
        .iter()
        .filter_map(|item| {
            let via = match item.get("via")?.as_str()? {
                "email" => Via::Email,
                "sms" => Via::Sms,
                _ => return None,
            };
            Some(crate::change::SeenAddress {
                via,
                value: text(item, "value")?,
                created_at: text(item, "created_at").and_then(|text| time(&text)),
                updated_at: text(item, "updated_at").and_then(|text| time(&text)),
            })
        })
        .collect()
}

type Facts = std::collections::BTreeMap<CredentialType, CredentialFacts>;

fn credentials(object: &mut Object) -> Result<(CredentialImport, Facts)> {
    let (mut import, mut facts) = (CredentialImport::default(), Facts::new());
    let members = match object.any("credentials") {
        None => return Ok((import, facts)),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(object.wrong("credentials", "an object")),
    };
    for (name, value) in members {
        if value.is_null() || LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let path = format!("credentials.{name}");
        let Some(kind) = CredentialType::parse(&name) else {
            let known: Vec<&str> = CredentialType::ALL
                .iter()
                .map(|kind| kind.as_str())
                .collect();
            return Err(Error::field(
                path,
                format!("a credential of one of the types {}", known.join(", ")),
            ));
        };
        let mut credential = Object::new(value, path, Unknown::Ignored)?;
        let mut fact = CredentialFacts {
            identifiers: identifiers(&mut credential)?,
            version: credential
                .any("version")
                .and_then(|version| version.as_i64())
                .filter(|version| (0..=i64::from(i32::MAX)).contains(version)),
            created_at: instant(&mut credential, "created_at")?,
            updated_at: instant(&mut credential, "updated_at")?,
            code_addresses: Vec::new(),
        };
        let config = credential.object("config")?;
        take(&mut import, &mut fact, kind, &credential, config)?;
        facts.insert(kind, fact);
    }
    Ok((import, facts))
}

fn identifiers(credential: &mut Object) -> Result<Vec<String>> {
    let items = credential.list("identifiers")?.unwrap_or_default();
    let expected = || format!("at most {MAX_IDENTIFIERS} texts");
    if items.len() > MAX_IDENTIFIERS {
        return Err(credential.wrong("identifiers", expected()));
    }
    items
        .into_iter()
        .map(|item| match item {
            Value::String(text) => Ok(text),
            _ => Err(credential.wrong("identifiers", expected())),
        })
        .collect()
}

/// Takes what there is of the credential. Without `config`, which is shown on demand only, there are its identifiers.
fn take(
    import: &mut CredentialImport,
    fact: &mut CredentialFacts,
    kind: CredentialType,
    credential: &Object,
    config: Option<Object>,
) -> Result<()> {
    let with = |name: &str| config.as_ref().is_some_and(|config| config.is_filled(name));
    match kind {
        CredentialType::Password => {
            let named = ["password", "hashed_password", "use_password_migration_hook"];
            let set = named.iter().any(|name| with(name));
            import.password = config
                .filter(|_| set)
                .map(credentials::password)
                .transpose()?;
        }
        CredentialType::Oidc | CredentialType::Saml => {
            let accounts = if with("providers") {
                config.map(credentials::providers).transpose()?
            } else {
                Some(accounts(fact, credential)?)
            };
            let accounts = accounts.filter(|accounts| !accounts.is_empty());
            match kind {
                CredentialType::Oidc => import.oidc = accounts,
                _ => import.saml = accounts,
            }
        }
        CredentialType::Totp => {
            let set = with("totp_url");
            import.totp = config.filter(|_| set).map(credentials::totp).transpose()?;
        }
        CredentialType::LookupSecret => {
            let set = with("recovery_codes") || with("codes");
            import.lookup_secret = config.filter(|_| set).map(credentials::codes).transpose()?;
        }
        CredentialType::Webauthn => {
            let set = with("credentials");
            import.webauthn = config
                .filter(|_| set)
                .map(|config| super::keys::import(config, kind))
                .transpose()?;
        }
        CredentialType::Passkey => {
            let set = with("credentials");
            import.passkey = config
                .filter(|_| set)
                .map(|config| super::keys::import(config, kind))
                .transpose()?;
        }
        CredentialType::Code => {
            if let Some(mut config) = config {
                fact.code_addresses = code_addresses(&mut config)?;
            }
        }
        CredentialType::LinkRecovery
        | CredentialType::CodeRecovery
        | CredentialType::Deviceauthn => {}
    }
    Ok(())
}

/// The accounts that the identifiers name.
fn accounts(fact: &CredentialFacts, credential: &Object) -> Result<Vec<ProviderSubject>> {
    fact.identifiers
        .iter()
        .map(|identifier| match identifier.split_once(':') {
            Some((provider, subject)) => Ok(ProviderSubject {
                provider: provider.to_owned(),
                subject: subject.to_owned(),
                settings: AccountSettings::default(),
            }),
            None => Err(credential.wrong("identifiers", "texts such as `provider:subject`")),
        })
        .collect()
}

fn code_addresses(config: &mut Object) -> Result<Vec<(Via, String)>> {
    let expected = "a list of objects with `channel` (`email` or `sms`) and `address`";
    let items = config.list("addresses")?.unwrap_or_default();
    items
        .iter()
        .map(|item| {
            let text = |name: &str| item.get(name).and_then(Value::as_str);
            match (text("channel"), text("address")) {
                (Some("email"), Some(address)) => Ok((Via::Email, address.to_owned())),
                (Some("sms"), Some(address)) => Ok((Via::Sms, address.to_owned())),
                _ => Err(config.wrong("addresses", expected)),
            }
        })
        .collect()
}

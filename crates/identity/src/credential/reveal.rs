//! The `config` object of a credential.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{Credential, CredentialType, Identity, RawJson, Secret, Secrets};

/// Ory's `config` of each of these kinds that the identity has; see [`reveal`].
pub fn reveal_all(
    identity: &Identity,
    kinds: &[CredentialType],
    secrets: &Secrets,
) -> BTreeMap<CredentialType, RawJson> {
    kinds
        .iter()
        .filter_map(|kind| Some((*kind, reveal(identity, *kind, secrets.get(kind))?)))
        .collect()
}

/// Ory's `config` of this credential, for a reply under `credential:reveal`; `None` where the identity has none of
/// the kind. `secret` is what is kept of it apart.
pub fn reveal(
    identity: &Identity,
    kind: CredentialType,
    secret: Option<&Secret>,
) -> Option<RawJson> {
    let credential = identity.credentials.get(&kind)?;
    let config = match kind {
        CredentialType::Oidc => providers(credential, true),
        CredentialType::Saml => providers(credential, false),
        _ => match secret {
            Some(secret) => return Some(secret.reveal().clone()),
            None => Value::Object(Map::new()),
        },
    };
    Some(RawJson::from_value(&config))
}

/// The accounts that the identifiers name, with what was imported of them besides (`organization`, `use_auto_link`).
/// Tokens of providers are not kept; Ory's clients expect the members all the same.
fn providers(credential: &Credential, tokens: bool) -> Value {
    let providers: Vec<Value> = credential
        .identifiers
        .iter()
        .filter_map(|identifier| {
            let (provider, subject) = identifier.split_once(':')?;
            let mut account = if tokens {
                json!({
                    "initial_id_token": "",
                    "initial_access_token": "",
                    "initial_refresh_token": "",
                    "subject": subject,
                    "provider": provider,
                })
            } else {
                json!({ "subject": subject, "provider": provider })
            };
            if let (Some(fields), Some(settings)) =
                (account.as_object_mut(), credential.accounts.get(identifier))
            {
                if let Some(organization) = settings.organization {
                    fields.insert("organization".to_owned(), json!(organization));
                }
                if settings.use_auto_link {
                    fields.insert("use_auto_link".to_owned(), json!(true));
                }
            }
            Some(account)
        })
        .collect();
    json!({ "providers": providers })
}

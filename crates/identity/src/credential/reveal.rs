//! The `config` object of a credential.

use serde_json::{Map, Value, json};

use crate::{CredentialType, Identity, RawJson, Secret};

/// Ory's `config` of this credential, for a reply under `credential:reveal`; `None` where the identity has none of
/// the kind. `secret` is what is kept of it apart.
pub fn reveal(
    identity: &Identity,
    kind: CredentialType,
    secret: Option<&Secret>,
) -> Option<RawJson> {
    let credential = identity.credentials.get(&kind)?;
    let config = match kind {
        CredentialType::Oidc => providers(&credential.identifiers, true),
        CredentialType::Saml => providers(&credential.identifiers, false),
        _ => match secret {
            Some(secret) => return Some(secret.reveal().clone()),
            None => Value::Object(Map::new()),
        },
    };
    Some(RawJson::from_value(&config))
}

/// Tokens of providers are not kept; Ory's clients expect the members all the same.
fn providers(identifiers: &[String], tokens: bool) -> Value {
    let providers: Vec<Value> = identifiers
        .iter()
        .filter_map(|identifier| identifier.split_once(':'))
        .map(|(provider, subject)| {
            if tokens {
                json!({
                    "initial_id_token": "",
                    "initial_access_token": "",
                    "initial_refresh_token": "",
                    "subject": subject,
                    "provider": provider,
                })
            } else {
                json!({ "subject": subject, "provider": provider })
            }
        })
        .collect();
    json!({ "providers": providers })
}

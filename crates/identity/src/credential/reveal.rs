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
        CredentialType::Oidc => providers(&credential.identifiers, secret, true),
        CredentialType::Saml => providers(&credential.identifiers, secret, false),
        _ => match secret {
            Some(secret) => return Some(secret.reveal().clone()),
            None => Value::Object(Map::new()),
        },
    };
    Some(RawJson::from_value(&config))
}

/// The accounts that the identifiers name, with what was imported of them besides (`organization`, `use_auto_link`).
/// Tokens of providers are not kept; Ory's clients expect the members all the same.
fn providers(identifiers: &[String], secret: Option<&Secret>, tokens: bool) -> Value {
    let kept = secret.map_or(Value::Null, |secret| secret.reveal().to_value());
    let kept = kept.get("providers").and_then(Value::as_array);
    let providers: Vec<Value> = identifiers
        .iter()
        .filter_map(|identifier| identifier.split_once(':'))
        .map(|(provider, subject)| {
            let mut shown = Map::new();
            if tokens {
                for token in [
                    "initial_id_token",
                    "initial_access_token",
                    "initial_refresh_token",
                ] {
                    shown.insert(token.to_owned(), "".into());
                }
            }
            shown.insert("subject".to_owned(), subject.into());
            shown.insert("provider".to_owned(), provider.into());
            let is = |kept: &&Value, name: &str, text: &str| {
                kept.get(name).and_then(Value::as_str) == Some(text)
            };
            let marks = kept
                .into_iter()
                .flatten()
                .find(|kept| is(kept, "provider", provider) && is(kept, "subject", subject));
            for name in ["organization", "use_auto_link"] {
                if let Some(mark) = marks.and_then(|marks| marks.get(name)) {
                    shown.insert(name.to_owned(), mark.clone());
                }
            }
            Value::Object(shown)
        })
        .collect();
    json!({ "providers": providers })
}

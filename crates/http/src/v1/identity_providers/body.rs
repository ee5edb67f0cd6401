//! An identity provider as callers read it.

use chrono::{DateTime, Utc};
use palisade_envelope::{Error, Result};
use palisade_identity::IdentityProvider;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::fields::bounded;

/// An outside source of external identities.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentityProvider)]
pub(super) struct ProviderBody {
    id: Uuid,
    /// Unique in the tenant; what credentials call `provider`.
    name: String,
    /// `oidc`, `saml` or `scim`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The issuer URL (oidc) or entity id (saml).
    #[schema(required = true)]
    issuer: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<IdentityProvider> for ProviderBody {
    fn from(provider: IdentityProvider) -> Self {
        let IdentityProvider {
            id,
            name,
            kind,
            issuer,
            created_at,
            updated_at,
            revision: _,
        } = provider;
        Self {
            id: id.as_uuid(),
            name,
            kind: kind.as_str(),
            issuer,
            created_at,
            updated_at,
        }
    }
}

/// Checks an issuer: a text of bounded length. It is not fetched from here.
pub(super) fn issuer(text: String) -> Result<String> {
    bounded("issuer", text, 2048)
}

/// Checks a name.
pub(super) fn name(text: String) -> Result<String> {
    let expected = || {
        Error::field(
            "name",
            "1 to 63 of `a-z`, `0-9`, `.`, `_` and `-`, the first of them a letter or a digit",
        )
    };
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = (1..=63).contains(&text.len())
        && text.bytes().next().is_some_and(letter)
        && text
            .bytes()
            .all(|byte| letter(byte) || b"._-".contains(&byte));
    if fits { Ok(text) } else { Err(expected()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_colon_since_credentials_are_named_provider_colon_subject() {
        assert!(name("google".to_owned()).is_ok());
        assert!(name("okta.eu-1_a".to_owned()).is_ok());
        for bad in ["", "a:b", "Google", "-a", ".a", "a b", &"a".repeat(64)] {
            assert!(name(bad.to_owned()).is_err(), "{bad}");
        }
    }
}

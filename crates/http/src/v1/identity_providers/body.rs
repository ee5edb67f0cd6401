//! An identity provider as callers read it.

use chrono::{DateTime, Utc};
use palisade_envelope::{Error, Result};
use palisade_identity::{
    IdentityProvider,
    link::{PROVIDER_NAME, is_provider_name},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rules::{LinkingBody, TokensBody};
use crate::{App, fields::bounded};

/// An outside source of external identities.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentityProvider)]
pub(super) struct ProviderBody {
    id: Uuid,
    /// Unique in the tenant; what credentials call `provider`.
    name: String,
    #[serde(rename = "type")]
    #[schema(value_type = crate::words::ProviderWord)]
    kind: &'static str,
    /// The issuer URL (oidc) or entity id (saml).
    #[schema(required = true)]
    issuer: Option<String>,
    /// Whether anything comes through it. While it does not, its links stay, and its tokens are refused.
    enabled: bool,
    linking: LinkingBody,
    /// `null`: its tokens are no credentials here.
    #[schema(required = true)]
    tokens: Option<TokensBody>,
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
            enabled,
            linking,
            tokens,
            created_at,
            updated_at,
            revision: _,
        } = provider;
        Self {
            id: id.as_uuid(),
            name,
            kind: kind.as_str(),
            issuer,
            enabled,
            linking: linking.into(),
            tokens: tokens.map(TokensBody::from),
            created_at,
            updated_at,
        }
    }
}

/// Checks an issuer: a text of bounded length. Nothing is fetched from it here.
pub(super) fn issuer(text: String) -> Result<String> {
    bounded("issuer", text, 2048)
}

/// Checks that keys can be fetched from the issuer of a provider whose tokens are taken.
///
/// # Errors
/// `invalid_request` on `issuer`.
pub(super) fn reachable(app: &App, issuer: Option<&str>, tokens: bool) -> Result<()> {
    if !tokens {
        return Ok(());
    }
    let issuer = issuer.ok_or_else(|| {
        Error::field(
            "issuer",
            "the issuer's URL: without it, `tokens` can't be set",
        )
    })?;
    app.settings
        .outbound
        .check(issuer)
        .map(drop)
        .map_err(|expected| Error::field("issuer", expected))
}

/// Checks a name.
pub(super) fn name(text: String) -> Result<String> {
    if is_provider_name(&text) {
        Ok(text)
    } else {
        Err(Error::field("name", PROVIDER_NAME))
    }
}

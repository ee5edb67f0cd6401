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

use crate::fields::bounded;

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
    if is_provider_name(&text) {
        Ok(text)
    } else {
        Err(Error::field("name", PROVIDER_NAME))
    }
}

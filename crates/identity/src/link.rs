//! External identities: accounts at outside providers, and the providers.

use serde::{Deserialize, Serialize};

use crate::{
    IdentityId, LinkId, ProviderId, Timestamp,
    provider::{LinkingRules, TokenRules},
};

/// An account at an outside provider, linked to an identity or not yet. Its key is (provider, `external_id`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExternalIdentity {
    /// Chosen by the server.
    pub id: LinkId,
    /// The identity that it is linked to; `None`: known from the provider, linked to nobody yet.
    pub user_id: Option<IdentityId>,
    /// The provider.
    pub identity_provider_id: ProviderId,
    /// The provider's name, unique in the tenant.
    pub provider_name: String,
    /// What kind of provider it is.
    pub provider_type: ProviderType,
    /// The subject at the provider; 1 to 255 characters.
    pub external_id: String,
    /// As the provider last said.
    pub external_username: Option<String>,
    /// As the provider last said. Never a key.
    pub external_email: Option<String>,
    /// As the provider last said.
    pub external_display_name: Option<String>,
    /// How the link came to be.
    pub linked_by: LinkedBy,
    /// When the provider last spoke of it.
    pub last_synced_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How a link came to be. Chosen by the planners of `palisade-linking` only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkedBy {
    /// A verified sign-in matched a rule.
    Auto,
    /// An admin did it.
    Manual,
    /// A provisioning client did it.
    Scim,
}

impl LinkedBy {
    /// As it stands in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
            Self::Scim => "scim",
        }
    }

    /// The value that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Auto, Self::Manual, Self::Scim]
            .into_iter()
            .find(|by| by.as_str() == word)
    }
}

/// What protocol a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderType {
    /// OpenID Connect.
    Oidc,
    /// SAML 2.0.
    Saml,
    /// SCIM 2.0.
    Scim,
}

impl ProviderType {
    /// As it stands in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Saml => "saml",
            Self::Scim => "scim",
        }
    }

    /// The type that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Oidc, Self::Saml, Self::Scim]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// An outside source of external identities, configured per tenant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdentityProvider {
    /// Chosen by the server.
    pub id: ProviderId,
    /// Unique in the tenant; what Ory's oidc credentials call `provider`. `[a-z0-9][a-z0-9._-]{0,62}`.
    pub name: String,
    /// What protocol it speaks.
    #[serde(rename = "type")]
    pub kind: ProviderType,
    /// The issuer URL (oidc) or entity id (saml).
    pub issuer: Option<String>,
    /// Whether anything comes through it. While it does not, its links stay, and its tokens are refused.
    pub enabled: bool,
    /// By which rules its accounts are linked.
    pub linking: LinkingRules,
    /// By which rules its tokens are taken as credentials; `None`: they are not. Of oidc only.
    pub tokens: Option<TokenRules>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Rises by one with each change; the ETag is made from it.
    #[serde(skip)]
    pub revision: i64,
}

/// What a provider's name must be, for error messages.
pub const PROVIDER_NAME: &str =
    "1 to 63 characters `a` to `z`, `0` to `9`, `.`, `_` and `-`, the first a letter or digit";

/// Whether a provider may have this name. It holds no colon, so that `provider:subject` can be taken apart again.
pub fn is_provider_name(name: &str) -> bool {
    let letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 63
        && name.bytes().next().is_some_and(letter)
        && name
            .bytes()
            .all(|c| letter(c) || matches!(c, b'.' | b'_' | b'-'))
}

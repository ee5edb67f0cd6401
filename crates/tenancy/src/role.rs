//! The role presets that an API key can hold.

use serde::{Deserialize, Serialize};

/// A role preset; `policies/roles/<name>.cedar` says what it permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything in the tenant, secrets and policies among it.
    Owner,
    /// Everything but credential secrets and policies.
    Admin,
    /// Reads and writes identities and links.
    Editor,
    /// Reads, except audit events.
    Viewer,
    /// Reads, audit events among it.
    Auditor,
    /// The operator of the deployment: tenants and their first keys. Never of a tenant's own key.
    Operator,
}

impl Role {
    /// The roles that a tenant's key can hold.
    pub const OF_TENANTS: &'static [Self] = &[
        Self::Owner,
        Self::Admin,
        Self::Editor,
        Self::Viewer,
        Self::Auditor,
    ];

    /// As it stands in JSON, policies and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Viewer => "viewer",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }

    /// The role of a tenant's key that this word names; never [`Role::Operator`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::OF_TENANTS
            .iter()
            .copied()
            .find(|role| role.as_str() == word)
    }
}

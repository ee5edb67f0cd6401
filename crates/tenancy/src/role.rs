//! The role presets that an API key can hold, and the scopes of a connection's key, which are roles as well.

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
    /// Of a connection's key: reads its users.
    #[serde(rename = "users:read")]
    UsersRead,
    /// Of a connection's key: writes its users.
    #[serde(rename = "users:write")]
    UsersWrite,
    /// Of a connection's key: reads its groups.
    #[serde(rename = "groups:read")]
    GroupsRead,
    /// Of a connection's key: writes its groups.
    #[serde(rename = "groups:write")]
    GroupsWrite,
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

    /// The roles that the key of a connection can hold: its scopes.
    pub const OF_CONNECTIONS: &'static [Self] = &[
        Self::UsersRead,
        Self::UsersWrite,
        Self::GroupsRead,
        Self::GroupsWrite,
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
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::GroupsRead => "groups:read",
            Self::GroupsWrite => "groups:write",
        }
    }

    /// The role of a tenant's key that this word names; never [`Role::Operator`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::OF_TENANTS
            .iter()
            .copied()
            .find(|role| role.as_str() == word)
    }

    /// The scope of a connection's key that this word names.
    pub fn parse_scope(word: &str) -> Option<Self> {
        Self::OF_CONNECTIONS
            .iter()
            .copied()
            .find(|scope| scope.as_str() == word)
    }
}

//! Who calls.

use std::sync::Arc;

use palisade_identity::{GroupId, IdentityId, ProviderId, State};

use crate::{KeyId, Role};

palisade_identity::id! {
    /// Whoever calls, by the id of the key, identity or connection: the Cedar entity id, and the `actor` of audit events.
    PrincipalId;
}

/// Who calls: the Cedar principal, and the `actor` of audit events.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The holder of a tenant's API key.
    ApiKey {
        /// The key.
        id: KeyId,
        /// Its name, for audit events.
        name: Arc<str>,
        /// Its roles, sorted, each once.
        roles: Arc<[Role]>,
    },
    /// An identity of the tenant, by the token of one of its sessions, which gives no roles, or by the token of an identity
    /// provider.
    Identity {
        /// The identity.
        id: IdentityId,
        /// Names the session or the provider, for audit events.
        name: Arc<str>,
        /// What it came with.
        credential: IdentityCredential,
        /// The roles that the provider's token gives, sorted, each once.
        roles: Arc<[Role]>,
        /// The groups that it is in, by other groups as well, sorted, each once.
        groups: Arc<[GroupId]>,
        /// The identity's schema.
        schema_id: Arc<str>,
        /// The identity's state.
        state: State,
    },
    /// A provisioning system, by a key of its connection.
    ScimClient {
        /// The connection: the identity provider that it provisions for. Policies know the client by this id, whichever of
        /// its keys it uses.
        connection: ProviderId,
        /// The key.
        key: KeyId,
        /// The names of connection and key, for audit events.
        name: Arc<str>,
        /// The key's scopes, sorted, each once.
        scopes: Arc<[Role]>,
    },
    /// An identity provider that signs somebody in whom nobody here is linked to yet, by a token that was verified.
    IdentityProvider {
        /// The provider.
        id: ProviderId,
        /// Its name.
        name: Arc<str>,
    },
    /// The operator, by an operator key or at the command line.
    Operator {
        /// The key; nil at the command line.
        id: KeyId,
        /// The key's name, or `command line`.
        name: Arc<str>,
    },
}

/// What an identity proves who it is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityCredential {
    /// The token of a session of its own.
    Session,
    /// The token of an identity provider.
    Token,
}

impl IdentityCredential {
    /// As policies know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
        }
    }
}

impl Principal {
    /// The Cedar entity type without its namespace.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ApiKey { .. } => "ApiKey",
            Self::Identity { .. } => "Identity",
            Self::ScimClient { .. } => "ScimClient",
            Self::IdentityProvider { .. } => "IdentityProvider",
            Self::Operator { .. } => "Operator",
        }
    }

    /// The id of the key, identity or connection: the Cedar entity id.
    pub const fn id(&self) -> PrincipalId {
        PrincipalId::from_uuid(match self {
            Self::ApiKey { id, .. } | Self::Operator { id, .. } => id.as_uuid(),
            Self::Identity { id, .. } => id.as_uuid(),
            Self::ScimClient { connection, .. } => connection.as_uuid(),
            Self::IdentityProvider { id, .. } => id.as_uuid(),
        })
    }

    /// A name for people.
    pub fn name(&self) -> &str {
        match self {
            Self::ApiKey { name, .. }
            | Self::Identity { name, .. }
            | Self::ScimClient { name, .. }
            | Self::IdentityProvider { name, .. }
            | Self::Operator { name, .. } => name,
        }
    }

    /// The groups that it is in, by other groups as well.
    pub fn groups(&self) -> &[GroupId] {
        match self {
            Self::Identity { groups, .. } => groups,
            Self::ApiKey { .. }
            | Self::IdentityProvider { .. }
            | Self::ScimClient { .. }
            | Self::Operator { .. } => &[],
        }
    }

    /// The roles that it holds.
    pub fn roles(&self) -> &[Role] {
        match self {
            Self::ApiKey { roles, .. } | Self::Identity { roles, .. } => roles,
            Self::IdentityProvider { .. } => &[],
            Self::ScimClient { scopes, .. } => scopes,
            Self::Operator { .. } => &[Role::Operator],
        }
    }
}

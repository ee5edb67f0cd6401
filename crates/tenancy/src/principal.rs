//! Who calls.

use std::sync::Arc;

use crate::{KeyId, Role};

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
    /// The operator, by an operator key or at the command line.
    Operator {
        /// The key; nil at the command line.
        id: KeyId,
        /// The key's name, or `command line`.
        name: Arc<str>,
    },
}

impl Principal {
    /// The Cedar entity type without its namespace.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ApiKey { .. } => "ApiKey",
            Self::Operator { .. } => "Operator",
        }
    }

    /// The key's id: the Cedar entity id.
    pub const fn id(&self) -> KeyId {
        match self {
            Self::ApiKey { id, .. } | Self::Operator { id, .. } => *id,
        }
    }

    /// A name for people.
    pub fn name(&self) -> &str {
        match self {
            Self::ApiKey { name, .. } | Self::Operator { name, .. } => name,
        }
    }

    /// The roles that it holds.
    pub fn roles(&self) -> &[Role] {
        match self {
            Self::ApiKey { roles, .. } => roles,
            Self::Operator { .. } => &[Role::Operator],
        }
    }
}

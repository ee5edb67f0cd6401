//! The audit trail: who did what, or was refused it, and which policies decided.

pub(crate) mod denials;
mod list;
pub(crate) mod record;
pub(crate) mod refusals;

use std::sync::Arc;

use palisade_identity::Timestamp;
use palisade_tenancy::PrincipalId;
use serde::Serialize;

palisade_identity::id! {
    /// An audit event.
    AuditEventId;
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// `ApiKey`, `Identity`, `IdentityProvider` or `Operator`.
    pub kind: String,
    /// The key or the identity; nil at the command line.
    pub id: PrincipalId,
    /// The key's name at the time, or which session the identity used.
    pub name: String,
}

/// What was acted upon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditedResource {
    /// The Cedar entity type without its namespace, such as `Identity`.
    pub kind: String,
    /// The Cedar entity id.
    pub id: String,
}

/// What policy decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It was done.
    Allow,
    /// It was refused.
    Deny,
}

impl Decision {
    /// As it stands in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// The decision that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Allow, Self::Deny]
            .into_iter()
            .find(|decision| decision.as_str() == word)
    }
}

/// One act: it is written in the transaction that did it, or after it was refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEvent {
    /// Sorts by time.
    pub id: AuditEventId,
    /// When.
    pub at: Timestamp,
    /// The request's id.
    pub request_id: String,
    /// The peer's address, where it was known.
    pub ip: Option<String>,
    /// Who.
    pub actor: Actor,
    /// The Cedar action id, `noun:verb`.
    pub action: String,
    /// On what.
    pub resource: AuditedResource,
    /// Whether it was allowed.
    pub decision: Decision,
    /// The policies that determined it, sorted.
    pub policies: Vec<Arc<str>>,
    /// The version of the tenant's policies that was asked.
    pub policy_version: i64,
    /// What else there is to tell of it, by name.
    pub details: Option<serde_json::Map<String, serde_json::Value>>,
}

/// What a list of audit events is narrowed to. All that are set must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AuditFilter {
    /// Of this key or identity.
    pub actor: Option<PrincipalId>,
    /// Of this action, `noun:verb`.
    pub action: Option<String>,
    /// On the resource with this id.
    pub resource: Option<String>,
    /// After this instant.
    pub after: Option<Timestamp>,
    /// Before this instant.
    pub before: Option<Timestamp>,
    /// So decided.
    pub decision: Option<Decision>,
}

//! Changes to identities as pure functions: old state, input, schema and time in; new state out. The store applies it.

mod addresses;
mod create;
mod credentials;
mod import;
mod imports;
mod keys;
mod link;
mod next;
mod patch;
mod remove_credential;
mod replace;

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use crate::{CredentialType, Identity, Region, Secret, State, Timestamp, Via};

pub use create::create;
pub use import::{CredentialFacts, ImportIdentity, Seen, SeenAddress, import};
pub use imports::{
    CodeImport, CredentialImport, KeyImport, KeysImport, PasswordImport, ProviderSubject,
    TotpImport,
};
pub use link::{link, unlink, with_account};
pub use patch::{Patched, finish_patch, patch};
pub use remove_credential::{CredentialRemoval, remove_credential};
pub use replace::replace;

/// What is said where a new identity takes what another has; Ory's words.
pub const TAKEN: &str = "This identity conflicts with another identity that already exists.";
/// What is said where a changed one does; Ory's words.
pub const IN_THE_WAY: &str =
    "Unable to insert or update resource because a resource with that value exists already";
/// The longest `external_id` in characters.
pub const MAX_EXTERNAL_ID: usize = 64;
/// The longest identifier or address in characters.
pub const MAX_IDENTIFIER: usize = 255;
/// The longest `schema_id` in characters.
pub const MAX_SCHEMA_ID: usize = 2048;
/// The schema where the caller names none.
pub const DEFAULT_SCHEMA: &str = "default";

/// What an identity is created from. Made by [`crate::decode::create`].
#[derive(Debug, Default)]
pub struct CreateIdentity {
    /// `None` or empty: [`DEFAULT_SCHEMA`].
    pub schema_id: Option<String>,
    /// `None`: `{}`.
    pub traits: Option<Value>,
    /// The credentials to import.
    pub credentials: CredentialImport,
    /// The state of addresses that the traits name; others are dropped.
    pub verifiable_addresses: Vec<AddressImport>,
    /// Recovery addresses; those that the traits do not name are dropped, so that none is made from this.
    pub recovery_addresses: Vec<AddressImport>,
    /// What the identity itself may see.
    pub metadata_public: Option<Value>,
    /// What only admins see.
    pub metadata_admin: Option<Value>,
    /// `None`: active.
    pub state: Option<State>,
    /// Ory's organization.
    pub organization_id: Option<Uuid>,
    /// The caller's own key.
    pub external_id: Option<String>,
    /// To be echoed; kept nowhere.
    pub region: Option<Region>,
}

impl CreateIdentity {
    /// The schema that the traits must fit.
    pub fn schema_id(&self) -> &str {
        self.schema_id
            .as_deref()
            .filter(|id| !id.is_empty())
            .unwrap_or(DEFAULT_SCHEMA)
    }
}

/// What an identity is replaced with. Made by [`crate::decode::replace`].
#[derive(Clone, Debug, Default)]
pub struct ReplaceIdentity {
    /// `None` or empty: kept.
    pub schema_id: Option<String>,
    /// `None`: `{}`.
    pub traits: Option<Value>,
    /// Imported on top of what is there.
    pub credentials: CredentialImport,
    /// `None`: cleared.
    pub metadata_public: Option<Value>,
    /// `None`: cleared.
    pub metadata_admin: Option<Value>,
    /// `None`: kept.
    pub state: Option<State>,
    /// `None`: cleared.
    pub external_id: Option<String>,
    /// To be echoed; kept nowhere.
    pub region: Option<Region>,
}

impl ReplaceIdentity {
    /// The schema that the new traits must fit.
    pub fn schema_id<'a>(&'a self, current: &'a Identity) -> &'a str {
        self.schema_id
            .as_deref()
            .filter(|id| !id.is_empty())
            .unwrap_or(&current.schema_id)
    }
}

/// An address whose state comes with an import.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressImport {
    /// The channel.
    pub via: Via,
    /// The address; normalised before it is compared.
    pub value: String,
    /// Whether it has been proven.
    pub verified: bool,
    /// `pending`, `sent` or `completed`; `None`: from `verified`.
    pub status: Option<String>,
    /// When it was proven.
    pub verified_at: Option<Timestamp>,
    /// See [`crate::RecoveryAddress`]; of recovery addresses only.
    pub break_glass_for_organization: Option<Uuid>,
}

/// The next state of an identity.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// All of it; `revision` is one more than that of the state it was made from, 1 for a new one.
    pub identity: Identity,
    /// The secret parts that change: `Some` is set, `None` is deleted; what is absent stays.
    pub secrets: BTreeMap<CredentialType, Option<Secret>>,
}

#[cfg(test)]
mod tests;

//! The aggregate: everything that one GET of an identity returns, and one row holds.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Credentials, IdentityId, RawJson, RecoveryAddress, Timestamp, VerifiableAddress};

/// A person's (or machine's) account in a tenant. It knows no tenant: the scope that loaded it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Chosen by the server.
    pub id: IdentityId,
    /// The caller's own key for it, unique in the tenant; 1 to 64 characters.
    pub external_id: Option<String>,
    /// The identity schema that the traits fit.
    pub schema_id: String,
    /// Whether it can sign in.
    pub state: State,
    /// When `state` last changed.
    pub state_changed_at: Timestamp,
    /// A JSON object that fits the schema.
    pub traits: RawJson,
    /// Public part of its credentials; secrets are kept apart ([`crate::Secrets`]).
    pub credentials: Credentials,
    /// Addresses that can be verified, from the traits.
    pub verifiable_addresses: Vec<VerifiableAddress>,
    /// Addresses that recover the account, from the traits.
    pub recovery_addresses: Vec<RecoveryAddress>,
    /// What the identity itself may see.
    pub metadata_public: Option<RawJson>,
    /// What only admins see.
    pub metadata_admin: Option<RawJson>,
    /// Ory's organization, if any; not checked to exist.
    pub organization_id: Option<Uuid>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Rises by one with each change; the ETag is made from it.
    pub revision: i64,
}

/// Whether an identity can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It can.
    Active,
    /// It can't, and its sessions do not count.
    Inactive,
}

impl State {
    /// As it stands in JSON, policies and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// The state that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "active" => Some(Self::Active),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// Where an identity's data is meant to live. Taken, checked and echoed for Ory's clients; kept nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    /// `eu-central`.
    EuCentral,
    /// `asia-northeast`.
    AsiaNortheast,
    /// `us-east`.
    UsEast,
    /// `us-west`.
    UsWest,
    /// `eu`.
    Eu,
    /// `asia`.
    Asia,
    /// `us`.
    Us,
    /// `global`.
    Global,
}

impl Region {
    /// Every region.
    pub const ALL: &'static [Self] = &[
        Self::EuCentral,
        Self::AsiaNortheast,
        Self::UsEast,
        Self::UsWest,
        Self::Eu,
        Self::Asia,
        Self::Us,
        Self::Global,
    ];

    /// As it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EuCentral => "eu-central",
            Self::AsiaNortheast => "asia-northeast",
            Self::UsEast => "us-east",
            Self::UsWest => "us-west",
            Self::Eu => "eu",
            Self::Asia => "asia",
            Self::Us => "us",
            Self::Global => "global",
        }
    }

    /// The region that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|region| region.as_str() == word)
    }
}

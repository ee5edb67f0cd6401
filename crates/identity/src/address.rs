//! Addresses that an identity can be verified or recovered by (Ory `verifiable_addresses`, `recovery_addresses`).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, ids::AddressId};

/// The channel of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// E-mail.
    Email,
    /// Text message.
    Sms,
}

impl Via {
    /// As it stands in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

/// An address that the identity can prove to hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifiableAddress {
    /// Stable as long as value and channel stay.
    pub id: AddressId,
    /// Normalised, see [`crate::normalize`].
    pub value: String,
    /// Whether it has been proven.
    pub verified: bool,
    /// The channel.
    pub via: Via,
    /// `pending`, `sent` or `completed`; 16 characters at most.
    pub status: String,
    /// When it was proven.
    #[serde(
        skip_serializing_if = "Option::is_none",
        default,
        with = "crate::time_text::optional"
    )]
    pub verified_at: Option<Timestamp>,
    /// When it was first seen.
    #[serde(with = "crate::time_text")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(with = "crate::time_text")]
    pub updated_at: Timestamp,
}

/// An address that an account can be recovered through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveryAddress {
    /// Stable as long as value and channel stay.
    pub id: AddressId,
    /// Normalised, see [`crate::normalize`].
    pub value: String,
    /// The channel.
    pub via: Via,
    /// The organization at Ory whose members may recover by this address instead of signing in there; kept and shown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub break_glass_for_organization: Option<Uuid>,
    /// When it was first seen.
    #[serde(with = "crate::time_text")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(with = "crate::time_text")]
    pub updated_at: Timestamp,
}

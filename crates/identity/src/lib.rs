//! The identity domain: what an identity is, when its traits are valid, which identifiers and addresses they
//! give it, and how a change becomes the next state of it.
//!
//! Owns: ids, [`Identity`], credentials and hash formats, addresses, sessions and what tokens say of them, schemas, request bodies ([`decode`]), JSON Patch,
//! entity tags, filters and page sizes.
//! Depends on: `palisade-envelope` only. Pure: no I/O, no clock, no rows.
//! To add a change to identities: a file in `change/` that takes the old state and gives the new one.

pub mod address;
pub mod change;
pub mod credential;
pub mod decode;
pub mod email;
pub mod etag;
pub mod filter;
pub mod ids;
pub mod json;
pub mod link;
pub mod model;
pub mod normalize;
pub mod page;
pub mod patch;
pub mod provider;
pub mod raw_json;
pub mod schema;
pub mod session;
pub mod session_token;
pub mod time_text;

pub use address::{RecoveryAddress, VerifiableAddress, Via};
pub use credential::{AccountSettings, Credential, CredentialType, Credentials, Secret, Secrets};
pub use email::Email;
pub use filter::IdentityFilter;
pub use ids::{GroupId, IdentityId, LinkId, ProviderId, SessionId};
pub use link::{ExternalIdentity, IdentityProvider, LinkedBy, ProviderType};
pub use model::{Identity, Region, State};
pub use provider::{LinkingRules, TokenRules};
pub use raw_json::RawJson;
pub use schema::IdentitySchema;
pub use session::Session;
pub use session_token::SessionTokenTemplate;

/// A point in time, UTC, kept to the microsecond.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

//! Who calls, and for which tenant.
//!
//! Owns: [`TenantId`], [`TenantScope`], [`Principal`], [`Caller`], API keys, keys of connections, session tokens, tokens of issuers, the admission of a request,
//! and (behind the feature `actix`) the middleware that does it. No other code reads `X-API-Key`, `Authorization`,
//! `X-Session-Token`, `Cookie` or `X-Tenant-ID`.
//! Depends on: `palisade-identity`, `palisade-envelope`. Knows no rows: the store implements [`Directory`].
//! To add a kind of credential: a variant of [`Principal`], and its verification in `admit.rs`.

pub mod admit;
pub mod api_key;
pub mod clock;
mod connection_key;
pub mod directory;
pub mod issuer;
#[cfg(feature = "actix")]
pub mod middleware;
mod name;
mod principal;
mod role;
mod scope;
mod session_token;
mod token;

pub use admit::{Admission, Arrival};
pub use api_key::{ApiKey, KeyId};
pub use clock::{Clock, SystemClock};
pub use connection_key::ConnectionKey;
pub use directory::{
    CachedDirectory, ConnectionKeyRecord, Directory, Invalidation, KeyRecord, SessionRecord,
    TenantState,
};
pub use name::TenantName;
pub use principal::{IdentityCredential, Principal, PrincipalId};
pub use role::Role;
pub use scope::{Caller, TenantScope};
pub use session_token::SessionToken;

palisade_identity::id! {
    /// A customer of the deployment.
    TenantId;
}

impl TenantId {
    /// The tenant that the operator's own keys and audit events belong to. It holds no identities.
    pub const PLATFORM: Self = Self::from_uuid(palisade_identity::ids::Uuid::nil());
}

//! API keys of tenants, and of the operator.

mod create;
mod directory;
mod list;
mod revoke;
mod rotate;
pub(crate) mod used;

use ipnet::IpNet;
use palisade_envelope::Error;
use palisade_identity::Timestamp;
use palisade_tenancy::{KeyId, Role};
use sea_orm::QueryResult;
use serde::Serialize;

use crate::{fault::Fault, row::Columns};

pub use rotate::{KeyOverlap, RotatedKey};

/// What is asked for when a key is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewApiKey {
    /// For people; 1 to 255 characters.
    pub name: String,
    /// Its roles; not looked at for the operator's keys.
    pub roles: Vec<Role>,
    /// After this it is refused.
    pub expires_at: Option<Timestamp>,
    /// The addresses that it may be used from; empty: any.
    pub allowed_cidrs: Vec<IpNet>,
}

/// What may be shown of a key: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiKeyRecord {
    /// Chosen by the server.
    pub id: KeyId,
    /// For people.
    pub name: String,
    /// Its roles.
    pub roles: Vec<Role>,
    /// What tells it from others at a glance; no secret.
    pub prefix: String,
    /// The addresses that it may be used from; empty: any.
    pub allowed_cidrs: Vec<IpNet>,
    /// After this it is refused.
    pub expires_at: Option<Timestamp>,
    /// From this on it is refused.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, about half a minute behind.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The key that took its place when it was rotated.
    pub replaced_by: Option<KeyId>,
}

fn record(row: &QueryResult) -> Result<ApiKeyRecord, Fault> {
    let mut columns = Columns::of(row);
    let id = KeyId::from_uuid(columns.get()?);
    Ok(ApiKeyRecord {
        id,
        name: columns.get()?,
        roles: columns.json()?,
        prefix: palisade_tenancy::ApiKey::prefix(id),
        allowed_cidrs: columns.json()?,
        expires_at: columns.maybe_time()?,
        revoked_at: columns.maybe_time()?,
        last_used_at: columns.maybe_time()?,
        created_at: columns.time()?,
        replaced_by: columns.get::<Option<_>>()?.map(KeyId::from_uuid),
    })
}

/// The target of an operator's grant on a tenant.
pub(crate) fn tenant_of(
    target: &palisade_authz::NamedTarget,
) -> palisade_envelope::Result<palisade_tenancy::TenantId> {
    palisade_tenancy::TenantId::parse(target.id())
        .ok_or_else(|| Error::internal("the target of an operator's grant is no tenant"))
}

//! Keys of connections. An admin makes and revokes them; provisioning systems hold them.

mod create;
mod list;
mod revoke;

use palisade_identity::Timestamp;
use palisade_tenancy::{ConnectionKey, KeyId, Role};
use sea_orm::QueryResult;

use crate::{fault::Fault, row::Columns};

/// What is asked for when a key of a connection is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConnectionKey {
    /// For people; 1 to 255 characters.
    pub name: String,
    /// What it is good for; of [`Role::OF_CONNECTIONS`].
    pub scopes: Vec<Role>,
    /// After this it is refused.
    pub expires_at: Option<Timestamp>,
}

/// What may be shown of a connection's key: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionKeyDocument {
    /// Chosen by the server.
    pub id: KeyId,
    /// For people.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Role>,
    /// What tells it from others at a glance; no secret.
    pub prefix: String,
    /// After this it is refused.
    pub expires_at: Option<Timestamp>,
    /// From this on it is refused.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, about half a minute behind.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

fn document(row: &QueryResult) -> Result<ConnectionKeyDocument, Fault> {
    let mut columns = Columns::of(row);
    let id = KeyId::from_uuid(columns.get()?);
    Ok(ConnectionKeyDocument {
        id,
        name: columns.get()?,
        scopes: columns.json()?,
        prefix: ConnectionKey::prefix(id),
        expires_at: columns.maybe_time()?,
        revoked_at: columns.maybe_time()?,
        last_used_at: columns.maybe_time()?,
        created_at: columns.time()?,
    })
}

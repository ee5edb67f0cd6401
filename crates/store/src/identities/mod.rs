//! Identities: one row that holds all of a GET, narrow rows that index it, and secrets kept apart.

pub(crate) mod batch;
mod conflicts;
pub(crate) mod create;
mod delete;
mod delete_credential;
pub(crate) mod index;
mod list;
pub(crate) mod load;
mod rehash;
mod rehearse;
mod reveal;
mod secrets;
pub(crate) mod update;

use palisade_identity::{Identity, IdentityId, RawJson, State};
use sea_orm::{QueryResult, Value};

use crate::{
    fault::Fault,
    row::{self, Columns, unreadable},
};

pub use batch::BatchItem;
pub(crate) use conflicts::explain;
pub(crate) use create::insertions;
pub use list::NumberedPage;
pub use rehearse::Rehearsal;
pub use reveal::Revealed;

/// The columns that [`identity`] reads, in its order; with the table's name and a dot before each where given.
macro_rules! columns {
    () => {
        "id, external_id, schema_id, state, state_changed_at, traits, credentials, verifiable_addresses, \
         recovery_addresses, metadata_public, metadata_admin, organization_id, created_at, updated_at, revision"
    };
    ($of:literal) => {
        concat!(
            $of, "id, ", $of, "external_id, ", $of, "schema_id, ", $of, "state, ", $of, "state_changed_at, ",
            $of, "traits, ", $of, "credentials, ", $of, "verifiable_addresses, ", $of, "recovery_addresses, ",
            $of, "metadata_public, ", $of, "metadata_admin, ", $of, "organization_id, ", $of, "created_at, ",
            $of, "updated_at, ", $of, "revision"
        )
    };
}
pub(crate) use columns;

/// The columns that [`values`] gives, in its order: all but the id.
const WRITTEN: &[&str] = &[
    "external_id",
    "schema_id",
    "state",
    "state_changed_at",
    "traits",
    "credentials",
    "verifiable_addresses",
    "recovery_addresses",
    "metadata_public",
    "metadata_admin",
    "organization_id",
    "created_at",
    "updated_at",
    "revision",
];

pub(crate) fn identity(row: &QueryResult) -> Result<Identity, Fault> {
    read(&mut Columns::of(row))
}

/// The identity that the next columns of a row are.
pub(crate) fn read(columns: &mut Columns<'_>) -> Result<Identity, Fault> {
    Ok(Identity {
        id: IdentityId::from_uuid(columns.get()?),
        external_id: columns.get()?,
        schema_id: columns.get()?,
        state: columns.word(State::parse)?,
        state_changed_at: columns.time()?,
        traits: raw(columns.get()?)?,
        credentials: columns.json()?,
        verifiable_addresses: columns.json()?,
        recovery_addresses: columns.json()?,
        metadata_public: columns.get::<Option<String>>()?.map(raw).transpose()?,
        metadata_admin: columns.get::<Option<String>>()?.map(raw).transpose()?,
        organization_id: columns.get()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        revision: columns.get()?,
    })
}

fn raw(text: String) -> Result<RawJson, Fault> {
    RawJson::parse(text).map_err(|error| unreadable(error.to_string()))
}

fn values(identity: &Identity) -> Result<Vec<Value>, Fault> {
    // All of it, so that a new field can't be forgotten here.
    let Identity {
        id: _,
        external_id,
        schema_id,
        state,
        state_changed_at,
        traits,
        credentials,
        verifiable_addresses,
        recovery_addresses,
        metadata_public,
        metadata_admin,
        organization_id,
        created_at,
        updated_at,
        revision,
    } = identity;
    Ok(vec![
        row::maybe_text(external_id.as_deref()),
        schema_id.as_str().into(),
        state.as_str().into(),
        row::at(*state_changed_at),
        traits.as_str().into(),
        row::json(credentials)?,
        row::json(verifiable_addresses)?,
        row::json(recovery_addresses)?,
        row::maybe_text(metadata_public.as_ref().map(RawJson::as_str)),
        row::maybe_text(metadata_admin.as_ref().map(RawJson::as_str)),
        Value::Uuid(*organization_id),
        row::at(*created_at),
        row::at(*updated_at),
        (*revision).into(),
    ])
}

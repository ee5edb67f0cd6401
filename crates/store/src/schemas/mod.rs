//! Identity schemas of tenants.

mod compiled;
mod delete;
mod impact;
mod list;
mod numbered;
pub(crate) mod put;

pub use impact::{ImpactBudget, Misfit, SchemaImpact};
pub use numbered::Numbering;

use palisade_identity::{RawJson, Timestamp};
use sea_orm::QueryResult;
use serde::Serialize;

use crate::{
    fault::Fault,
    row::{Columns, unreadable},
    sql::TenantSql,
    tx::TenantTx,
};

/// A stored identity schema.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SchemaDocument {
    /// Unique in the tenant.
    pub id: String,
    /// The JSON Schema.
    pub schema: RawJson,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Rises by one with each change; the ETag is made from it.
    #[serde(skip)]
    pub revision: i64,
}

fn document(row: &QueryResult) -> Result<SchemaDocument, Fault> {
    let mut columns = Columns::of(row);
    Ok(SchemaDocument {
        id: columns.get()?,
        schema: RawJson::parse(columns.get()?).map_err(|error| unreadable(error.to_string()))?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        revision: columns.get()?,
    })
}

const ONE: TenantSql = TenantSql::new(
    "SELECT id, document, created_at, updated_at, revision
     FROM identity_schemas WHERE tenant_id = $1 AND id = $2",
);

// Changes nothing, but keeps the row from others until the end of the transaction.
const LOCK: TenantSql = TenantSql::new(
    "UPDATE identity_schemas SET revision = revision WHERE tenant_id = $1 AND id = $2",
);

/// The schema as it stays until this transaction ends.
async fn load_locked(tx: &TenantTx<'_>, id: &str) -> Result<Option<SchemaDocument>, Fault> {
    tx.execute(LOCK, [id.into()]).await?;
    load(tx, id).await
}

async fn load(tx: &TenantTx<'_>, id: &str) -> Result<Option<SchemaDocument>, Fault> {
    tx.one(ONE, [id.into()])
        .await?
        .map(|row| document(&row))
        .transpose()
}

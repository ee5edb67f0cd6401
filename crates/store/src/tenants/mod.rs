//! Tenants, for the operator.

mod create;
mod delete;
mod list;
mod state;
mod update;

use palisade_identity::Timestamp;
use palisade_tenancy::{TenantId, TenantState};
use sea_orm::QueryResult;
use serde::Serialize;

use crate::{fault::Fault, row::Columns, sql::TenantSql, tx::TenantTx};

/// A tenant, as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tenant {
    /// Chosen by the server.
    pub id: TenantId,
    /// The slug, unique in the deployment.
    pub name: String,
    /// For people.
    pub display_name: Option<String>,
    /// Whether its callers are served.
    pub state: TenantState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Rises by one with each change; the ETag is made from it.
    #[serde(skip)]
    pub revision: i64,
}

/// What an operator changes of a tenant; `None` is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantUpdate {
    /// The slug.
    pub name: Option<String>,
    /// For people; `Some(None)` clears it.
    pub display_name: Option<Option<String>>,
}

fn tenant(row: &QueryResult) -> Result<Tenant, Fault> {
    let mut columns = Columns::of(row);
    Ok(Tenant {
        id: TenantId::from_uuid(columns.get()?),
        name: columns.get()?,
        display_name: columns.get()?,
        state: columns.word(TenantState::parse)?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        revision: columns.get()?,
    })
}

const ONE: TenantSql = TenantSql::new(
    "SELECT id, name, display_name, state, created_at, updated_at, revision
     FROM tenants WHERE tenants.id = $1 AND state <> 'deleted'",
);

/// The tenant whose rows `tx` goes to; `None` where there is none, or it is deleted.
pub(crate) async fn load(tx: &TenantTx<'_>) -> Result<Option<Tenant>, Fault> {
    tx.one(ONE, []).await?.map(|row| tenant(&row)).transpose()
}

// Changes nothing, but keeps the row from others until the end of the transaction.
const LOCK: TenantSql =
    TenantSql::new("UPDATE tenants SET revision = revision WHERE tenants.id = $1");

/// The tenant whose rows `tx` goes to, as it stays until this transaction ends.
async fn load_locked(tx: &TenantTx<'_>) -> Result<Option<Tenant>, Fault> {
    tx.execute(LOCK, []).await?;
    load(tx).await
}

/// Whether the tenant whose rows `tx` goes to is there and not deleted.
pub(crate) async fn is_there(tx: &TenantTx<'_>) -> Result<bool, Fault> {
    Ok(load(tx).await?.is_some())
}

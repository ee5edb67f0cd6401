//! The policies that tenants write.

mod delete;
mod list;
mod put;
mod source;

use std::sync::Arc;

use palisade_authz::StoredPolicy;
use palisade_envelope::Result;
use palisade_identity::Timestamp;
use sea_orm::QueryResult;
use serde::Serialize;

use crate::{fault::Fault, row::Columns, sql::TenantSql, tx::TenantTx};

/// A stored document of Cedar policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyDocument {
    /// Unique in the tenant.
    pub name: String,
    /// Cedar text, one or more policies.
    pub policy: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Rises by one with each change; the ETag is made from it.
    #[serde(skip)]
    pub revision: i64,
}

/// Checks the tenant's policies as they would be after a change: that they lock no owner out.
type Check = Box<dyn Fn(&[StoredPolicy]) -> Result<()> + Send + Sync>;

fn document(row: &QueryResult) -> Result<PolicyDocument, Fault> {
    let mut columns = Columns::of(row);
    Ok(PolicyDocument {
        name: columns.get()?,
        policy: columns.get::<String>()?.into(),
        created_at: columns.time()?,
        updated_at: columns.time()?,
        revision: columns.get()?,
    })
}

const ONE: TenantSql = TenantSql::new(
    "SELECT name, text, created_at, updated_at, revision FROM policies WHERE tenant_id = $1 AND name = $2",
);

const STORED: TenantSql =
    TenantSql::new("SELECT name, text FROM policies WHERE tenant_id = $1 ORDER BY name");

const RISE: TenantSql =
    TenantSql::new("UPDATE tenants SET policy_version = policy_version + 1 WHERE tenants.id = $1");

async fn load(tx: &TenantTx<'_>, name: &str) -> Result<Option<PolicyDocument>, Fault> {
    tx.one(ONE, [name.into()])
        .await?
        .map(|row| document(&row))
        .transpose()
}

/// Raises the version of the tenant's policies. It comes first: the tenant's row stays locked until the commit, so
/// that two changes that are harmless one by one can't pass the check side by side.
async fn raise_version(tx: &TenantTx<'_>) -> Result<(), Fault> {
    tx.execute(RISE, []).await?;
    Ok(())
}

/// Shows the policies, as they are now in this transaction, to the check.
async fn check(tx: &TenantTx<'_>, check: &Check) -> Result<(), Fault> {
    let mut policies = Vec::new();
    for row in tx.all(STORED, []).await? {
        let mut columns = Columns::of(&row);
        policies.push(StoredPolicy {
            name: columns.get()?,
            text: columns.get::<String>()?.into(),
        });
    }
    Ok(check(&policies)?)
}

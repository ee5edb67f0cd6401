//! The port that the gate takes policies from.

use palisade_authz::{PolicySource, StoredPolicies, StoredPolicy};
use palisade_envelope::Result;
use palisade_tenancy::TenantId;
use sea_orm::QueryResult;

use crate::{Store, fault::Fault, row::Columns, sql::TenantSql};

// One statement, so that version and texts are of one moment.
const ALL: TenantSql = TenantSql::new(
    "SELECT tenants.policy_version, p.name, p.text FROM tenants
     LEFT JOIN policies p ON p.tenant_id = tenants.id WHERE tenants.id = $1 ORDER BY p.name",
);

impl PolicySource for Store {
    async fn policies(&self, tenant: TenantId) -> Result<StoredPolicies> {
        Ok(read(&self.read_all(tenant, ALL, []).await?)?)
    }
}

fn read(rows: &[QueryResult]) -> Result<StoredPolicies, Fault> {
    let mut stored = StoredPolicies::default();
    for row in rows {
        let mut columns = Columns::of(row);
        stored.version = columns.get()?;
        if let (Some(name), Some(text)) = (
            columns.get::<Option<String>>()?,
            columns.get::<Option<String>>()?,
        ) {
            stored.policies.push(StoredPolicy {
                name,
                text: text.into(),
            });
        }
    }
    Ok(stored)
}

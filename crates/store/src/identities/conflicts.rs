//! Which fields of an identity hold values that others have. The others are never named.

use std::collections::BTreeSet;

use palisade_envelope::Error;
use palisade_identity::{Identity, IdentitySchema};
use sea_orm::Value;

use super::index;
use crate::{
    dialect::Violation, fault::Fault, row::Columns, select::Select, sql::TenantSql, tx::TenantTx,
};

const EXTERNAL_ID: TenantSql = TenantSql::new(
    "SELECT 1 FROM identities WHERE tenant_id = $1 AND external_id = $2 AND id <> $3",
);

const SCHEMA: TenantSql =
    TenantSql::new("SELECT 1 FROM identity_schemas WHERE tenant_id = $1 AND id = $2");

/// Makes the caller's error of a fault in writing this identity.
pub(crate) async fn explain(tx: &TenantTx<'_>, identity: &Identity, fault: Fault) -> Error {
    let constraint = match fault.violation() {
        Some(Violation::Unique(constraint)) => constraint,
        // The schema was deleted after it was looked up.
        Some(Violation::ForeignKey)
            if !has_schema(tx, &identity.schema_id).await.unwrap_or(true) =>
        {
            return IdentitySchema::unknown(&identity.schema_id);
        }
        _ => return fault.into(),
    };
    let mut fields = match taken(tx, identity).await {
        Ok(fields) => fields,
        Err(fault) => return fault.into(),
    };
    if fields.is_empty() {
        // Whoever had the value has let go of it since.
        fields = possible(&constraint, identity);
    }
    Error::conflict(fields.iter().map(String::as_str))
}

async fn has_schema(tx: &TenantTx<'_>, id: &str) -> Result<bool, Fault> {
    Ok(tx.one(SCHEMA, [id.into()]).await?.is_some())
}

async fn taken(tx: &TenantTx<'_>, identity: &Identity) -> Result<BTreeSet<String>, Fault> {
    let mut fields = BTreeSet::new();
    if let Some(external_id) = &identity.external_id
        && tx
            .one(
                EXTERNAL_ID,
                [external_id.as_str().into(), identity.id.as_uuid().into()],
            )
            .await?
            .is_some()
    {
        fields.insert("external_id".to_owned());
    }
    let identifiers: Vec<Vec<Value>> = index::identifiers(&identity.credentials)
        .into_iter()
        .map(|(kind, identifier)| vec![kind.into(), identifier.into()])
        .collect();
    for kind in others(
        tx,
        identity,
        "type",
        "identity_identifiers",
        &["t.type", "t.identifier"],
        identifiers,
    )
    .await?
    {
        fields.insert(format!("credentials.{kind}.identifiers"));
    }
    let addresses: Vec<Vec<Value>> =
        index::addresses(&identity.verifiable_addresses, &identity.recovery_addresses)
            .into_iter()
            .map(|(kind, via, value)| vec![kind.into(), via.into(), value.into()])
            .collect();
    for kind in others(
        tx,
        identity,
        "kind",
        "identity_addresses",
        &["t.kind", "t.via", "t.value"],
        addresses,
    )
    .await?
    {
        fields.insert(format!("{kind}_addresses"));
    }
    Ok(fields)
}

/// The `column` of the rows that other identities have with one of these keys.
async fn others(
    tx: &TenantTx<'_>,
    identity: &Identity,
    column: &'static str,
    table: &'static str,
    key: &[&str],
    rows: Vec<Vec<Value>>,
) -> Result<BTreeSet<String>, Fault> {
    let mut found = BTreeSet::new();
    if rows.is_empty() {
        return Ok(found);
    }
    let mut select = Select::new(column, table, tx.tenant());
    select.and("t.identity_id <> ?", identity.id.as_uuid());
    select.and_one_of(key, rows);
    for row in tx.all_bound(select.finish("1", 1_000)).await? {
        found.insert(Columns::of(&row).get()?);
    }
    Ok(found)
}

/// The fields that the constraint can be about.
fn possible(constraint: &str, identity: &Identity) -> BTreeSet<String> {
    let credentials = || {
        let with = identity
            .credentials
            .values()
            .filter(|credential| !credential.identifiers.is_empty());
        with.map(|credential| format!("credentials.{}.identifiers", credential.kind.as_str()))
            .collect()
    };
    match constraint {
        "identity_identifiers_pkey" | "external_identities_subject_unique" => credentials(),
        "identity_addresses_pkey" => {
            let kinds = [
                (
                    "verifiable_addresses",
                    identity.verifiable_addresses.is_empty(),
                ),
                ("recovery_addresses", identity.recovery_addresses.is_empty()),
            ];
            kinds
                .into_iter()
                .filter(|(_, empty)| !empty)
                .map(|(kind, _)| kind.to_owned())
                .collect()
        }
        constraint => crate::fault::unique_fields(constraint)
            .iter()
            .map(|field| (*field).to_owned())
            .collect(),
    }
}

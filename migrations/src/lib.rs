//! The database's shape, one file a change.
//!
//! Owns: the tables of Palisade. Depends on: sea-orm-migration only; the store runs it.
//! To change the shape: a new file `mNNNN_what.rs`, listed below. A file that was released is never edited.
//!
//! One text serves SQLite and PostgreSQL, because it keeps to what both read alike:
//! - ids are `uuid` (16 bytes on SQLite), which sort by creation on both;
//! - points in time are `bigint`, microseconds since 1970 UTC: exact, comparable and cheap on both;
//! - documents are `text` that holds JSON: they are stored and sent, never searched by the database.
//!
//! Every table of a tenant's rows is keyed `(tenant_id, ...)`, and every foreign key between two such tables
//! carries the tenant, so that no row can point into another tenant, whoever writes it.

mod m0001_tenants_and_keys;
mod m0002_identities;
mod m0003_providers_and_links;
mod m0004_policies;
mod m0005_audit_events;
mod m0006_nodes;
mod m0007_sessions;
mod m0008_audit_details_and_rotation;
mod m0009_idempotency_keys;
mod m0010_imports;
mod m0011_session_tokens;
mod m0012_scim_connections_and_users;
mod m0013_scim_groups;
mod m0014_provider_rules;
mod m0015_review_and_history;
mod m0016_accounts_that_wait;

use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait as _, DbBackend, DbErr},
};

/// The changes in their order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_tenants_and_keys::Migration),
            Box::new(m0002_identities::Migration),
            Box::new(m0003_providers_and_links::Migration),
            Box::new(m0004_policies::Migration),
            Box::new(m0005_audit_events::Migration),
            Box::new(m0006_nodes::Migration),
            Box::new(m0007_sessions::Migration),
            Box::new(m0008_audit_details_and_rotation::Migration),
            Box::new(m0009_idempotency_keys::Migration),
            Box::new(m0010_imports::Migration),
            Box::new(m0011_session_tokens::Migration),
            Box::new(m0012_scim_connections_and_users::Migration),
            Box::new(m0013_scim_groups::Migration),
            Box::new(m0014_provider_rules::Migration),
            Box::new(m0015_review_and_history::Migration),
            Box::new(m0016_accounts_that_wait::Migration),
        ]
    }
}

/// Every table that holds rows of tenants, with the columns of its key after `tenant_id`.
/// The contract tests compare them whole for a tenant that nothing was done to.
pub const TENANT_TABLES: &[(&str, &str)] = &[
    ("api_keys", "id"),
    ("identity_schemas", "id"),
    ("identities", "id"),
    ("identity_identifiers", "type, identifier"),
    ("identity_addresses", "kind, via, value"),
    ("identity_secrets", "identity_id, type"),
    ("identity_providers", "id"),
    ("external_identities", "id"),
    ("link_history", "id"),
    ("policies", "name"),
    ("audit_events", "id"),
    ("sessions", "id"),
    ("idempotency_keys", "principal_id, idempotency_key"),
    ("imports", "fingerprint"),
    ("session_token_templates", "name"),
    ("session_token_keys", "id"),
    ("scim_connections", "provider_id"),
    ("connection_keys", "id"),
    ("scim_users", "provider_id, identity_id"),
    ("scim_emails", "provider_id, value, identity_id"),
    ("scim_groups", "provider_id, id"),
    ("scim_group_users", "provider_id, group_id, identity_id"),
    ("scim_group_groups", "provider_id, group_id, child_id"),
];

/// Runs the statements of one change; `{bytewise}` as in [`run_narrow`].
async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        let statement = statement.replace("{bytewise}", bytewise(manager));
        manager
            .get_connection()
            .execute_unprepared(&statement)
            .await?;
    }
    Ok(())
}

fn bytewise(manager: &SchemaManager<'_>) -> &'static str {
    match manager.get_database_backend() {
        DbBackend::Sqlite => "",
        _ => " COLLATE \"C\"",
    }
}

/// Runs a `CREATE TABLE` for a narrow table that is only ever reached by its key. SQLite then keeps the rows in
/// the key's own tree, one look-up instead of two; PostgreSQL has no such thing. `{bytewise}` after a type orders
/// texts by their bytes, so that everything with one beginning is a range: SQLite does so by itself.
async fn run_narrow(manager: &SchemaManager<'_>, statement: &str) -> Result<(), DbErr> {
    let end = match manager.get_database_backend() {
        DbBackend::Sqlite => " WITHOUT ROWID",
        _ => "",
    };
    let statement = statement.replace("{bytewise}", bytewise(manager));
    manager
        .get_connection()
        .execute_unprepared(&format!("{statement}{end}"))
        .await?;
    Ok(())
}

//! What the nodes of a deployment share: its page token key, and word of changes.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                "CREATE TABLE deployment (
                    id smallint NOT NULL PRIMARY KEY CHECK (id = 1),
                    page_token_key bytea NOT NULL CHECK (length(page_token_key) = 32)
                )",
                // Where the database sends no notifications, nodes ask here which tenants have changed: `counter`
                // is the highest of all at each change.
                "CREATE TABLE directory_changes (
                    tenant_id uuid NOT NULL PRIMARY KEY,
                    counter bigint NOT NULL
                )",
                "CREATE INDEX directory_changes_by_counter ON directory_changes (counter)",
            ],
        )
        .await
    }
}

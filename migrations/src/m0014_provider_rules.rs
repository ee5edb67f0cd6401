//! By which rules a provider's accounts are linked and its tokens taken, and whether anything comes through it.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                "ALTER TABLE identity_providers ADD COLUMN enabled smallint NOT NULL DEFAULT 1
                    CHECK (enabled IN (0, 1))",
                // JSON objects. Nothing: the rules that a provider is made with, which link nobody; no tokens are taken.
                "ALTER TABLE identity_providers ADD COLUMN linking text",
                "ALTER TABLE identity_providers ADD COLUMN tokens text",
            ],
        )
        .await
    }
}

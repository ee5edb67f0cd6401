//! What audit events tell beyond who, what and whether; and which key took the place of a rotated one.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                // A JSON object, or nothing.
                "ALTER TABLE audit_events ADD COLUMN details text",
                "ALTER TABLE api_keys ADD COLUMN replaced_by uuid",
            ],
        )
        .await
    }
}

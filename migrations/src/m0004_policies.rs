//! The policies that tenants write.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &["CREATE TABLE policies (
                tenant_id uuid NOT NULL REFERENCES tenants (id),
                name text NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
                text text NOT NULL,
                created_at bigint NOT NULL,
                updated_at bigint NOT NULL,
                revision bigint NOT NULL,
                PRIMARY KEY (tenant_id, name)
            )"],
        )
        .await
    }
}

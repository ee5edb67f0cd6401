//! Finds the accounts of a provider that are linked to nobody without going through those that are.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                "CREATE INDEX external_identities_unlinked_of_provider ON external_identities (tenant_id, provider_id, id)
                    WHERE identity_id IS NULL",
            ],
        )
        .await
    }
}

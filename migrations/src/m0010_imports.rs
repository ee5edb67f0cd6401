//! How far imports of files have come.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                // `fingerprint`: SHA-256 of the file and of how it is read. `rows_done` rises with each batch, in its
                // transaction; `conflicts` are among the `rejected`; `rejected_bytes` is how long their file is.
                "CREATE TABLE imports (
                    tenant_id uuid NOT NULL REFERENCES tenants (id),
                    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
                    rejected_file text NOT NULL CHECK (length(rejected_file) > 0),
                    rows_done bigint NOT NULL CHECK (rows_done >= 0),
                    created bigint NOT NULL CHECK (created >= 0),
                    conflicts bigint NOT NULL CHECK (conflicts >= 0),
                    rejected bigint NOT NULL CHECK (rejected >= conflicts AND created + rejected = rows_done),
                    rejected_bytes bigint NOT NULL CHECK (rejected_bytes >= 0),
                    started_at bigint NOT NULL,
                    updated_at bigint NOT NULL,
                    finished_at bigint,
                    PRIMARY KEY (tenant_id, fingerprint)
                )",
            ],
        )
        .await
    }
}

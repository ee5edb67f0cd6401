//! Sessions of identities.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                // All that one GET returns sits in one row, devices and methods too: they are read and written with it.
                "CREATE TABLE sessions (
                    tenant_id uuid NOT NULL,
                    id uuid NOT NULL,
                    identity_id uuid NOT NULL,
                    token_sha256 bytea NOT NULL CHECK (length(token_sha256) = 32),
                    enabled smallint NOT NULL CHECK (enabled IN (0, 1)),
                    issued_at bigint NOT NULL,
                    authenticated_at bigint NOT NULL,
                    expires_at bigint NOT NULL,
                    aal text NOT NULL CHECK (aal IN ('aal0', 'aal1', 'aal2', 'aal3')),
                    authentication_methods text NOT NULL,
                    devices text NOT NULL,
                    PRIMARY KEY (tenant_id, id),
                    FOREIGN KEY (tenant_id, identity_id) REFERENCES identities (tenant_id, id) ON DELETE CASCADE
                )",
                // For the lists, each in the order of its pages.
                "CREATE INDEX sessions_by_time ON sessions (tenant_id, issued_at DESC, id)",
                "CREATE INDEX sessions_by_identity ON sessions (tenant_id, identity_id, issued_at DESC, id)",
                // For the purge.
                "CREATE INDEX sessions_by_expiry ON sessions (tenant_id, expires_at)",
                // For ending all of a tenant, a batch at a time.
                "CREATE INDEX sessions_enabled ON sessions (tenant_id, id) WHERE enabled = 1",
            ],
        )
        .await
    }
}

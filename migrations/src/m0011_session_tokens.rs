//! Signed tokens that sessions are turned into: what they say, and the keys that sign them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                "CREATE TABLE session_token_templates (
                    tenant_id uuid NOT NULL REFERENCES tenants (id),
                    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
                    document text NOT NULL,
                    created_at bigint NOT NULL,
                    updated_at bigint NOT NULL,
                    revision bigint NOT NULL,
                    PRIMARY KEY (tenant_id, name)
                )",
                // `private_key` is PKCS #8, and gone once the key is retired; `public_key` is the key's point, uncompressed.
                // A retired key is among the public ones until `expires_at`.
                "CREATE TABLE session_token_keys (
                    tenant_id uuid NOT NULL REFERENCES tenants (id),
                    id uuid NOT NULL,
                    private_key bytea,
                    public_key bytea NOT NULL CHECK (length(public_key) = 65),
                    created_at bigint NOT NULL,
                    expires_at bigint,
                    PRIMARY KEY (tenant_id, id),
                    CHECK ((private_key IS NULL) = (expires_at IS NOT NULL))
                )",
                // One key signs at a time.
                "CREATE UNIQUE INDEX session_token_keys_signing ON session_token_keys (tenant_id)
                    WHERE expires_at IS NULL",
            ],
        )
        .await
    }
}

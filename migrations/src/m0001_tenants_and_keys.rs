//! Tenants, the operator's own among them, and API keys.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                "CREATE TABLE tenants (
                    id uuid NOT NULL PRIMARY KEY,
                    name text NOT NULL CONSTRAINT tenants_name_unique UNIQUE,
                    display_name text,
                    state text NOT NULL CHECK (state IN ('active', 'suspended', 'deleted')),
                    policy_version bigint NOT NULL,
                    created_at bigint NOT NULL,
                    updated_at bigint NOT NULL,
                    revision bigint NOT NULL,
                    CHECK (length(name) BETWEEN 1 AND 127)
                )",
                "CREATE TABLE api_keys (
                    tenant_id uuid NOT NULL REFERENCES tenants (id),
                    id uuid NOT NULL,
                    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
                    roles text NOT NULL,
                    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
                    allowed_cidrs text NOT NULL,
                    expires_at bigint,
                    revoked_at bigint,
                    last_used_at bigint,
                    created_at bigint NOT NULL,
                    PRIMARY KEY (tenant_id, id)
                )",
            ],
        )
        .await?;
        // The tenant of the operator. It is older than every other, and no API makes or removes it.
        let platform = Query::insert()
            .into_table("tenants")
            .columns([
                "id",
                "name",
                "state",
                "policy_version",
                "created_at",
                "updated_at",
                "revision",
            ])
            .values_panic([
                Value::Uuid(Some(sea_orm::prelude::Uuid::nil())).into(),
                "platform".into(),
                "active".into(),
                0_i64.into(),
                0_i64.into(),
                0_i64.into(),
                1_i64.into(),
            ])
            .to_owned();
        manager.execute(platform).await
    }
}

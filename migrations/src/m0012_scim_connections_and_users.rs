//! SCIM connections: their settings, their keys, and the users that they provision.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                // A provider of type scim without a row has the defaults.
                "CREATE TABLE scim_connections (
                    tenant_id uuid NOT NULL,
                    provider_id uuid NOT NULL,
                    settings text NOT NULL,
                    PRIMARY KEY (tenant_id, provider_id),
                    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id) ON DELETE CASCADE
                )",
                "CREATE TABLE connection_keys (
                    tenant_id uuid NOT NULL,
                    id uuid NOT NULL,
                    provider_id uuid NOT NULL,
                    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
                    scopes text NOT NULL,
                    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
                    expires_at bigint,
                    revoked_at bigint,
                    last_used_at bigint,
                    created_at bigint NOT NULL,
                    PRIMARY KEY (tenant_id, id),
                    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id) ON DELETE CASCADE
                )",
                "CREATE INDEX connection_keys_by_provider ON connection_keys (tenant_id, provider_id, id)",
            ],
        )
        .await?;
        // Beside an identity: what its connection sent, and the columns that filters use. `user_name` and `display_name` are folded,
        // `external_id` is as sent. `names_active`: whether the document has `active`; what it is, the identity's state says.
        // `disabled_at`: since when the connection has it disabled; where the identity's state changed at another time, another did it.
        crate::run(
            manager,
            &["CREATE TABLE scim_users (
                tenant_id uuid NOT NULL,
                provider_id uuid NOT NULL,
                identity_id uuid NOT NULL,
                user_name text{bytewise} NOT NULL,
                external_id text{bytewise},
                display_name text{bytewise},
                names_active smallint NOT NULL CHECK (names_active IN (0, 1)),
                disabled_at bigint,
                label text NOT NULL,
                document text NOT NULL,
                PRIMARY KEY (tenant_id, provider_id, identity_id),
                CONSTRAINT scim_users_identity_unique UNIQUE (tenant_id, identity_id),
                CONSTRAINT scim_users_user_name_unique UNIQUE (tenant_id, user_name),
                CONSTRAINT scim_users_external_id_unique UNIQUE (tenant_id, provider_id, external_id),
                FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id),
                FOREIGN KEY (tenant_id, identity_id) REFERENCES identities (tenant_id, id) ON DELETE CASCADE
            )"],
        )
        .await?;
        crate::run_narrow(
            manager,
            "CREATE TABLE scim_emails (
                tenant_id uuid NOT NULL,
                provider_id uuid NOT NULL,
                value text{bytewise} NOT NULL,
                identity_id uuid NOT NULL,
                PRIMARY KEY (tenant_id, provider_id, value, identity_id),
                FOREIGN KEY (tenant_id, provider_id, identity_id)
                    REFERENCES scim_users (tenant_id, provider_id, identity_id) ON DELETE CASCADE
            )",
        )
        .await?;
        crate::run(
            manager,
            &[
                "CREATE INDEX scim_users_by_user_name ON scim_users (tenant_id, provider_id, user_name)",
                "CREATE INDEX scim_users_by_display_name ON scim_users (tenant_id, provider_id, display_name)",
                "CREATE INDEX scim_emails_by_identity ON scim_emails (tenant_id, provider_id, identity_id)",
            ],
        )
        .await
    }
}

//! Groups that provisioning systems keep, and their members as rows.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                // `display_name` is folded; `unique_name` is the same where names of groups are unique in the connection. `members`: how
                // many there are at most; members that were deleted may still count.
                "CREATE TABLE scim_groups (
                    tenant_id uuid NOT NULL,
                    provider_id uuid NOT NULL,
                    id uuid NOT NULL,
                    display_name text{bytewise} NOT NULL,
                    unique_name text{bytewise},
                    external_id text{bytewise},
                    label text NOT NULL,
                    document text NOT NULL,
                    members bigint NOT NULL,
                    created_at bigint NOT NULL,
                    updated_at bigint NOT NULL,
                    revision bigint NOT NULL CHECK (revision > 0),
                    PRIMARY KEY (tenant_id, provider_id, id),
                    CONSTRAINT scim_groups_name_unique UNIQUE (tenant_id, provider_id, unique_name),
                    CONSTRAINT scim_groups_external_id_unique UNIQUE (tenant_id, provider_id, external_id),
                    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id) ON DELETE CASCADE
                )",
                "CREATE INDEX scim_groups_by_display_name ON scim_groups (tenant_id, provider_id, display_name)",
            ],
        )
        .await?;
        // A member is of the group's own connection, or the row can't be written.
        crate::run_narrow(
            manager,
            "CREATE TABLE scim_group_users (
                tenant_id uuid NOT NULL,
                provider_id uuid NOT NULL,
                group_id uuid NOT NULL,
                identity_id uuid NOT NULL,
                PRIMARY KEY (tenant_id, provider_id, group_id, identity_id),
                FOREIGN KEY (tenant_id, provider_id, group_id)
                    REFERENCES scim_groups (tenant_id, provider_id, id) ON DELETE CASCADE,
                FOREIGN KEY (tenant_id, provider_id, identity_id)
                    REFERENCES scim_users (tenant_id, provider_id, identity_id) ON DELETE CASCADE
            )",
        )
        .await?;
        crate::run_narrow(
            manager,
            "CREATE TABLE scim_group_groups (
                tenant_id uuid NOT NULL,
                provider_id uuid NOT NULL,
                group_id uuid NOT NULL,
                child_id uuid NOT NULL,
                PRIMARY KEY (tenant_id, provider_id, group_id, child_id),
                FOREIGN KEY (tenant_id, provider_id, group_id)
                    REFERENCES scim_groups (tenant_id, provider_id, id) ON DELETE CASCADE,
                FOREIGN KEY (tenant_id, provider_id, child_id)
                    REFERENCES scim_groups (tenant_id, provider_id, id) ON DELETE CASCADE,
                CHECK (group_id <> child_id)
            )",
        )
        .await?;
        crate::run(
            manager,
            &[
                "CREATE INDEX scim_group_users_by_user ON scim_group_users (tenant_id, provider_id, identity_id, group_id)",
                "CREATE INDEX scim_group_groups_by_child ON scim_group_groups (tenant_id, provider_id, child_id, group_id)",
            ],
        )
        .await
    }
}

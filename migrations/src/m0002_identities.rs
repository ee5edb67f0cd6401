//! Identity schemas, identities, and the narrow tables that index them or hold their secrets.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                "CREATE TABLE identity_schemas (
                    tenant_id uuid NOT NULL REFERENCES tenants (id),
                    id text NOT NULL CHECK (length(id) BETWEEN 1 AND 255),
                    document text NOT NULL,
                    created_at bigint NOT NULL,
                    updated_at bigint NOT NULL,
                    revision bigint NOT NULL,
                    PRIMARY KEY (tenant_id, id)
                )",
                // All that one GET returns sits in one row.
                "CREATE TABLE identities (
                    tenant_id uuid NOT NULL REFERENCES tenants (id),
                    id uuid NOT NULL,
                    external_id text CHECK (length(external_id) BETWEEN 1 AND 64),
                    schema_id text NOT NULL,
                    state text NOT NULL CHECK (state IN ('active', 'inactive')),
                    state_changed_at bigint NOT NULL,
                    traits text NOT NULL,
                    credentials text NOT NULL,
                    verifiable_addresses text NOT NULL,
                    recovery_addresses text NOT NULL,
                    metadata_public text,
                    metadata_admin text,
                    organization_id uuid,
                    created_at bigint NOT NULL,
                    updated_at bigint NOT NULL,
                    revision bigint NOT NULL CHECK (revision > 0),
                    PRIMARY KEY (tenant_id, id),
                    CONSTRAINT identities_external_id_unique UNIQUE (tenant_id, external_id),
                    FOREIGN KEY (tenant_id, schema_id) REFERENCES identity_schemas (tenant_id, id)
                )",
                // For list filters, each in the order of the pages.
                "CREATE INDEX identities_by_schema ON identities (tenant_id, schema_id, id)",
                "CREATE INDEX identities_by_organization ON identities (tenant_id, organization_id, id)
                    WHERE organization_id IS NOT NULL",
                "CREATE INDEX identities_inactive ON identities (tenant_id, id) WHERE state = 'inactive'",
            ],
        )
        .await?;
        crate::run_narrow(
            manager,
            "CREATE TABLE identity_identifiers (
                tenant_id uuid NOT NULL,
                type text NOT NULL CHECK (length(type) <= 32),
                identifier text{bytewise} NOT NULL CHECK (length(identifier) BETWEEN 1 AND 255),
                identity_id uuid NOT NULL,
                PRIMARY KEY (tenant_id, type, identifier),
                FOREIGN KEY (tenant_id, identity_id) REFERENCES identities (tenant_id, id) ON DELETE CASCADE
            )",
        )
        .await?;
        crate::run_narrow(
            manager,
            "CREATE TABLE identity_addresses (
                tenant_id uuid NOT NULL,
                kind text NOT NULL CHECK (kind IN ('verifiable', 'recovery')),
                via text NOT NULL CHECK (via IN ('email', 'sms')),
                value text NOT NULL CHECK (length(value) BETWEEN 1 AND 400),
                identity_id uuid NOT NULL,
                PRIMARY KEY (tenant_id, kind, via, value),
                FOREIGN KEY (tenant_id, identity_id) REFERENCES identities (tenant_id, id) ON DELETE CASCADE
            )",
        )
        .await?;
        crate::run_narrow(
            manager,
            "CREATE TABLE identity_secrets (
                tenant_id uuid NOT NULL,
                identity_id uuid NOT NULL,
                type text NOT NULL CHECK (length(type) <= 32),
                config text NOT NULL,
                PRIMARY KEY (tenant_id, identity_id, type),
                FOREIGN KEY (tenant_id, identity_id) REFERENCES identities (tenant_id, id) ON DELETE CASCADE
            )",
        )
        .await?;
        crate::run(
            manager,
            &[
                "CREATE INDEX identity_identifiers_by_identity ON identity_identifiers (tenant_id, identity_id)",
                "CREATE INDEX identity_addresses_by_identity ON identity_addresses (tenant_id, identity_id)",
            ],
        )
        .await
    }
}

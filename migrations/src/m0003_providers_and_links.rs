//! Identity providers, and the external identities that they know.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                "CREATE TABLE identity_providers (
                    tenant_id uuid NOT NULL REFERENCES tenants (id),
                    id uuid NOT NULL,
                    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
                    type text NOT NULL CHECK (type IN ('oidc', 'saml', 'scim')),
                    issuer text,
                    created_at bigint NOT NULL,
                    updated_at bigint NOT NULL,
                    revision bigint NOT NULL,
                    PRIMARY KEY (tenant_id, id),
                    CONSTRAINT identity_providers_name_unique UNIQUE (tenant_id, name)
                )",
                // `identity_id` is null for an account that the provider knows and nobody is linked to.
                "CREATE TABLE external_identities (
                    tenant_id uuid NOT NULL,
                    id uuid NOT NULL,
                    identity_id uuid,
                    provider_id uuid NOT NULL,
                    external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
                    external_username text,
                    external_email text,
                    external_display_name text,
                    linked_by text NOT NULL CHECK (linked_by IN ('auto', 'manual', 'scim')),
                    last_synced_at bigint,
                    created_at bigint NOT NULL,
                    updated_at bigint NOT NULL,
                    PRIMARY KEY (tenant_id, id),
                    CONSTRAINT external_identities_subject_unique UNIQUE (tenant_id, provider_id, external_id),
                    FOREIGN KEY (tenant_id, identity_id) REFERENCES identities (tenant_id, id) ON DELETE CASCADE,
                    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id)
                )",
                "CREATE INDEX external_identities_by_identity
                    ON external_identities (tenant_id, identity_id, created_at, id)",
            ],
        )
        .await
    }
}

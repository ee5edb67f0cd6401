//! External identities that wait for a person, and what became of links.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                // What stopped it; nothing where it is linked.
                "ALTER TABLE external_identities ADD COLUMN why text",
                "ALTER TABLE external_identities ADD COLUMN rejected_at bigint",
                // The e-mail address in normal form, where it is one: to look for candidates by, never a key.
                "ALTER TABLE external_identities ADD COLUMN email_normal text",
                // Rows that are there: for addresses of ASCII letters the normal form is their lower case; others are filled in
                // when their provider speaks of them next.
                "UPDATE external_identities SET email_normal = lower(external_email) WHERE external_email LIKE '%_@_%'",
                "ALTER TABLE external_identities ADD COLUMN revision bigint NOT NULL DEFAULT 1",
                "CREATE INDEX external_identities_unlinked ON external_identities (tenant_id, id)
                    WHERE identity_id IS NULL",
                "CREATE INDEX external_identities_by_email ON external_identities (tenant_id, email_normal, id)
                    WHERE email_normal IS NOT NULL",
                // It outlives link and identity, so it refers to neither.
                "CREATE TABLE link_history (
                    tenant_id uuid NOT NULL REFERENCES tenants (id),
                    id uuid NOT NULL,
                    link_id uuid NOT NULL,
                    at bigint NOT NULL,
                    event text NOT NULL CHECK (event IN ('linked', 'unlinked', 'queued', 'rejected', 'forgotten')),
                    identity_id uuid,
                    linked_by text NOT NULL CHECK (linked_by IN ('auto', 'manual', 'scim')),
                    why text,
                    forced smallint NOT NULL CHECK (forced IN (0, 1)),
                    undo smallint NOT NULL CHECK (undo IN (0, 1)),
                    actor_kind text NOT NULL,
                    actor_id uuid NOT NULL,
                    actor_name text NOT NULL,
                    request_id text NOT NULL,
                    PRIMARY KEY (tenant_id, id)
                )",
                "CREATE INDEX link_history_by_link ON link_history (tenant_id, link_id, id)",
            ],
        )
        .await
    }
}

//! Who did what, or was refused it, and which policies decided.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                "CREATE TABLE audit_events (
                    tenant_id uuid NOT NULL REFERENCES tenants (id),
                    id uuid NOT NULL,
                    at bigint NOT NULL,
                    request_id text NOT NULL,
                    ip text,
                    actor_kind text NOT NULL,
                    actor_id uuid NOT NULL,
                    actor_name text NOT NULL,
                    action text NOT NULL,
                    resource_kind text NOT NULL,
                    resource_id text NOT NULL,
                    decision text NOT NULL CHECK (decision IN ('allow', 'deny')),
                    policies text NOT NULL,
                    policy_version bigint NOT NULL,
                    PRIMARY KEY (tenant_id, id)
                )",
                "CREATE INDEX audit_events_by_resource ON audit_events (tenant_id, resource_id, id)",
            ],
        )
        .await
    }
}

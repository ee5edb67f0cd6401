//! Requests that carried an `Idempotency-Key`, and what they were answered.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(
            manager,
            &[
                // `fingerprint` and `answer` are made with a key that only the caller's credential gives.
                // `pending`: begun; `written`: its change is committed; `answered`: `answer` is what it was answered.
                "CREATE TABLE idempotency_keys (
                    tenant_id uuid NOT NULL REFERENCES tenants (id),
                    principal_id uuid NOT NULL,
                    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
                    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
                    state text NOT NULL CHECK (state IN ('pending', 'written', 'answered')),
                    attempt uuid NOT NULL,
                    request_id text NOT NULL,
                    answer bytea,
                    started_at bigint NOT NULL,
                    expires_at bigint NOT NULL,
                    PRIMARY KEY (tenant_id, principal_id, idempotency_key),
                    CHECK ((state = 'answered') = (answer IS NOT NULL))
                )",
                "CREATE INDEX idempotency_keys_by_end ON idempotency_keys (expires_at, tenant_id)",
            ],
        )
        .await
    }
}

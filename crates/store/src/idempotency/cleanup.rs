//! Answers are kept for a day; then they are deleted, tenant by tenant.

use std::{sync::Weak, time::Duration};

use palisade_envelope::Result;
use palisade_tenancy::TenantId;
use sea_orm::{ConnectionTrait as _, Statement};

use crate::{Store, fault::Fault, job::Job, row, sql::TenantSql, store::Inner, tx::TenantTx};

/// How often.
const PERIOD: Duration = Duration::from_secs(60);

const OF_TENANTS: &str =
    "SELECT DISTINCT tenant_id FROM idempotency_keys WHERE expires_at <= $1 LIMIT 1000";

const DELETE: TenantSql =
    TenantSql::new("DELETE FROM idempotency_keys WHERE tenant_id = $1 AND expires_at <= $2");

/// Starts the task that does so. It ends with the store.
pub(crate) fn start(store: Weak<Inner>) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(PERIOD).await;
            let Some(inner) = store.upgrade() else { return };
            let store = Store { inner };
            if let Err(error) = store.delete_expired_answers().await {
                tracing::warn!(cause = ?error.cause(), "expired idempotency keys could not be deleted");
            }
        }
    });
}

impl Store {
    /// Deletes what is kept of idempotency keys longer than a day. The store does so by itself every minute.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn delete_expired_answers(&self) -> Result<()> {
        let common = &self.inner.common;
        let now = row::at(self.inner.clock.now());
        let statement =
            Statement::from_sql_and_values(common.get_database_backend(), OF_TENANTS, [now]);
        for row in common.query_all_raw(statement).await.map_err(Fault::from)? {
            let tenant = row.try_get_by_index(0).map_err(Fault::from)?;
            self.write(Delete(TenantId::from_uuid(tenant))).await?;
        }
        Ok(())
    }
}

struct Delete(TenantId);

impl Job for Delete {
    type Output = ();

    fn tenant(&self) -> TenantId {
        self.0
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        tx.execute(DELETE, [row::at(tx.now())]).await?;
        Ok(())
    }
}

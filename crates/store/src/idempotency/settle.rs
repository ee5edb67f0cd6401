//! The end of an attempt: its answer is recorded, or its key is free again.

use palisade_envelope::Result;
use palisade_tenancy::TenantId;

use super::Attempt;
use crate::{Store, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx};

const RECORD: TenantSql = TenantSql::new(
    "UPDATE idempotency_keys SET state = 'answered', answer = $5
     WHERE tenant_id = $1 AND principal_id = $2 AND idempotency_key = $3 AND attempt = $4 AND state <> 'answered'",
);

// What has been written stays known.
const RELEASE: TenantSql = TenantSql::new(
    "DELETE FROM idempotency_keys
     WHERE tenant_id = $1 AND principal_id = $2 AND idempotency_key = $3 AND attempt = $4 AND state = 'pending'",
);

impl Store {
    /// Records the answer of a request that was done; `false` where another attempt has taken its place.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn record_answer(&self, attempt: Attempt, answer: Vec<u8>) -> Result<bool> {
        self.write(Record { attempt, answer }).await
    }

    /// Lets the key of a request go that changed nothing, so that it can be sent again.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn release(&self, attempt: Attempt) -> Result<()> {
        self.write(Release { attempt }).await
    }
}

struct Record {
    attempt: Attempt,
    answer: Vec<u8>,
}

impl Job for Record {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.attempt.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let [principal, key, attempt] = self.attempt.row();
        let values = [principal, key, attempt, self.answer.clone().into()];
        Ok(tx.execute(RECORD, values).await? > 0)
    }
}

struct Release {
    attempt: Attempt,
}

impl Job for Release {
    type Output = ();

    fn tenant(&self) -> TenantId {
        self.attempt.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        tx.execute(RELEASE, self.attempt.row()).await?;
        Ok(())
    }
}

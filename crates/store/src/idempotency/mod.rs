//! Requests with an `Idempotency-Key`: each is done once, and answered the same for a day.
//!
//! A request reserves its key in a transaction of its own before it begins. Every transaction that it writes in marks
//! the reservation, too, and fails where another attempt has taken it over; so a change and the knowledge that it was
//! made commit together, and two attempts never both write. `docs/adr/0006-idempotency-keys.md` tells why.

mod cleanup;
mod reserve;
mod settle;

use std::{future::Future, time::Duration};

use palisade_envelope::{Code, Error};
use palisade_identity::ids::Uuid;
use palisade_tenancy::{PrincipalId, TenantId};
use sea_orm::Value;

use crate::{fault::Fault, job::Job, sql::TenantSql, tx::TenantTx};

pub(crate) use cleanup::start;
pub use reserve::{Reservation, ReservationRequest};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long an attempt is waited for; one that takes longer can write no more once another has taken its place.
const LEASE: Duration = Duration::from_secs(60);

// Fails to find the row where another attempt has taken the reservation over.
const MARK: TenantSql = TenantSql::new(
    "UPDATE idempotency_keys SET state = 'written'
     WHERE tenant_id = $1 AND principal_id = $2 AND idempotency_key = $3 AND attempt = $4 AND state <> 'answered'",
);

/// One try to do what a request with an idempotency key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    tenant: TenantId,
    principal: PrincipalId,
    key: String,
    id: Uuid,
}

tokio::task_local! {
    static CURRENT: Attempt;
}

impl Attempt {
    /// Tells this attempt from all others.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Does the work of this attempt: every write in it is marked as the attempt's.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The attempt that the running task works for, if any.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// `$2` to `$4` of its row.
    fn row(&self) -> [Value; 3] {
        [
            self.principal.as_uuid().into(),
            self.key.as_str().into(),
            self.id.into(),
        ]
    }
}

/// A write of an attempt: the mark is in its transaction.
pub(crate) struct Attempted<J> {
    pub(crate) attempt: Attempt,
    pub(crate) job: J,
}

impl<J: Job> Job for Attempted<J> {
    type Output = J::Output;

    fn tenant(&self) -> TenantId {
        self.job.tenant()
    }

    fn changes(&self) -> Option<TenantId> {
        self.job.changes()
    }

    fn weight(&self) -> usize {
        self.job.weight()
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<J::Output, Fault> {
        let own = tx.of(self.attempt.tenant);
        if own.execute(MARK, self.attempt.row()).await? == 0 {
            return Err(in_flight().into());
        }
        tx.together(self.job.prepared().iter().cloned()).await?;
        self.job.run(tx).await
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        self.job.explain(tx, fault).await
    }
}

fn in_flight() -> Error {
    Error::new(Code::IdempotencyKeyInFlight).detail("field", "Idempotency-Key")
}

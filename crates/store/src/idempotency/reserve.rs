//! Reserves a key, or finds what became of the request that had it first.

use palisade_authz::{Action, Authorized};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    Timestamp,
    ids::{Uuid, uuid_at},
};
use palisade_tenancy::TenantId;
use sea_orm::QueryResult;

use super::{Attempt, KEPT, LEASE, in_flight};
use crate::{
    Store,
    fault::Fault,
    job::Job,
    row::{self, Columns},
    sql::TenantSql,
    tx::TenantTx,
};

const COLUMNS: &[&str] = &[
    "principal_id",
    "idempotency_key",
    "fingerprint",
    "state",
    "attempt",
    "request_id",
    "started_at",
    "expires_at",
];

const ONE: TenantSql = TenantSql::new(
    "SELECT fingerprint, state, attempt, request_id, answer, started_at, expires_at FROM idempotency_keys
     WHERE tenant_id = $1 AND principal_id = $2 AND idempotency_key = $3",
);

// Only from the state that it was found in: whoever is faster, this attempt or the one before, is the one.
const TAKE_OVER: TenantSql = TenantSql::new(
    "UPDATE idempotency_keys SET fingerprint = $6, state = 'pending', attempt = $7, request_id = $8, answer = NULL,
        started_at = $9, expires_at = $10
     WHERE tenant_id = $1 AND principal_id = $2 AND idempotency_key = $3 AND attempt = $4 AND state = $5",
);

/// A request that carries an idempotency key.
#[derive(Clone, Debug)]
pub struct ReservationRequest {
    /// The key: 1 to 255 characters.
    pub key: String,
    /// What tells the request from another one with the same key.
    pub fingerprint: [u8; 32],
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// It is this request's: do the work in [`Attempt::scope`], then settle it.
    Mine(Attempt),
    /// The same request was answered before: the attempt that did it, and the answer as it was recorded.
    Answered(Uuid, Vec<u8>),
}

impl Store {
    /// Reserves the key for the caller of the grant. Other callers have keys of their own.
    ///
    /// # Errors
    /// `idempotency_key_reused` for a key that another request was sent with; `idempotency_key_in_flight` while the first
    /// one is being done; `idempotency_answer_lost` where it was done and its answer is not known.
    #[tracing::instrument(name = "store.idempotency.reserve", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn reserve<A: Action>(
        &self,
        grant: &Authorized<A>,
        request: ReservationRequest,
    ) -> Result<Reservation> {
        let attempt = Attempt {
            tenant: grant.tenant(),
            principal: grant.principal().id(),
            key: request.key,
            id: uuid_at(self.inner.clock.now()),
        };
        let job = Reserve {
            attempt,
            fingerprint: request.fingerprint,
            request_id: grant.context().request_id.as_ref().to_owned(),
        };
        self.write(job).await
    }
}

struct Reserve {
    attempt: Attempt,
    fingerprint: [u8; 32],
    request_id: String,
}

struct Found {
    fingerprint: Vec<u8>,
    state: String,
    attempt: Uuid,
    request_id: String,
    answer: Option<Vec<u8>>,
    started_at: Timestamp,
    expires_at: Timestamp,
}

fn found(row: &QueryResult) -> Result<Found, Fault> {
    let mut columns = Columns::of(row);
    Ok(Found {
        fingerprint: columns.get()?,
        state: columns.get()?,
        attempt: columns.get()?,
        request_id: columns.get()?,
        answer: columns.get()?,
        started_at: columns.time()?,
        expires_at: columns.time()?,
    })
}

impl Job for Reserve {
    type Output = Reservation;

    fn tenant(&self) -> TenantId {
        self.attempt.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Reservation, Fault> {
        let (now, attempt) = (tx.now(), &self.attempt);
        let values = vec![
            attempt.principal.as_uuid().into(),
            attempt.key.as_str().into(),
            self.fingerprint.to_vec().into(),
            "pending".into(),
            attempt.id.into(),
            self.request_id.as_str().into(),
            row::at(now),
            row::at(now + KEPT),
        ];
        let rest = "ON CONFLICT (tenant_id, principal_id, idempotency_key) DO NOTHING";
        if tx
            .upsert("idempotency_keys", COLUMNS, [values], rest)
            .await?
            > 0
        {
            return Ok(Reservation::Mine(attempt.clone()));
        }
        let key = [
            attempt.principal.as_uuid().into(),
            attempt.key.as_str().into(),
        ];
        // It is gone where the one before was refused in this very moment: the caller is to come again.
        let row = tx.one(ONE, key).await?.ok_or_else(in_flight)?;
        let found = found(&row)?;
        if found.expires_at <= now {
            return self.take_over(tx, &found).await;
        }
        if found.fingerprint != self.fingerprint {
            return Err(Error::new(Code::IdempotencyKeyReused)
                .detail("field", "Idempotency-Key")
                .into());
        }
        let abandoned = found.started_at + LEASE <= now;
        match (found.state.as_str(), &found.answer) {
            ("answered", Some(answer)) => Ok(Reservation::Answered(found.attempt, answer.clone())),
            // Nothing was written, and from here on that attempt can't.
            ("pending", _) if abandoned => self.take_over(tx, &found).await,
            ("written", _) if abandoned => Err(Error::new(Code::IdempotencyAnswerLost)
                .detail("field", "Idempotency-Key")
                .detail("request_id", found.request_id)
                .into()),
            _ => Err(in_flight().into()),
        }
    }
}

impl Reserve {
    async fn take_over(&self, tx: &TenantTx<'_>, found: &Found) -> Result<Reservation, Fault> {
        let (now, attempt) = (tx.now(), &self.attempt);
        let values = [
            attempt.principal.as_uuid().into(),
            attempt.key.as_str().into(),
            found.attempt.into(),
            found.state.as_str().into(),
            self.fingerprint.to_vec().into(),
            attempt.id.into(),
            self.request_id.as_str().into(),
            row::at(now),
            row::at(now + KEPT),
        ];
        if tx.execute(TAKE_OVER, values).await? == 0 {
            return Err(in_flight().into());
        }
        Ok(Reservation::Mine(attempt.clone()))
    }
}

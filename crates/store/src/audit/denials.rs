//! Refusals are written a little later, many at a time: being refused must not cost the database a commit each.

use std::{
    sync::{Mutex, PoisonError, Weak},
    time::Duration,
};

use palisade_authz::Denied;
use palisade_tenancy::TenantId;
use tokio::sync::{mpsc, oneshot};

use super::record::record;
use crate::{Store, act::Act, fault::Fault, job::Job, store::Inner, tx::TenantTx};

/// How many refusals wait at most; more are dropped, counted and logged.
const QUEUE: usize = 10_000;
/// How many are written in one statement.
const BATCH: usize = 100;
/// How long the first of a batch waits for others.
const PAUSE: Duration = Duration::from_millis(50);

enum Message {
    Denied(Box<Act>),
    Close(oneshot::Sender<()>),
}

/// The queue of refusals.
pub(crate) struct Denials {
    queue: mpsc::Sender<Message>,
    waiting: Mutex<Option<mpsc::Receiver<Message>>>,
}

impl Denials {
    pub(crate) fn new() -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Self {
            queue,
            waiting: Mutex::new(Some(waiting)),
        }
    }

    /// Starts the task that writes them, once. It ends with the store.
    pub(crate) fn start(&self, store: Weak<Inner>) {
        let waiting = self
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(waiting) = waiting {
            tokio::spawn(write_batches(store, waiting));
        }
    }

    pub(crate) fn push(&self, denied: &Denied, count: u64) {
        let act = match count {
            0 | 1 => Act::denied(denied),
            more => Act::denied(denied).detail("count", more),
        };
        if self.queue.try_send(Message::Denied(Box::new(act))).is_err() {
            metrics::counter!("palisade_audit_denials_dropped_total").increment(1);
            tracing::warn!(
                tenant.id = %denied.caller.tenant(),
                action = denied.action,
                "the queue of refusals is full; this one is not in the audit trail"
            );
        }
    }

    /// Waits until all that were pushed are written.
    pub(crate) async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

async fn write_batches(store: Weak<Inner>, mut waiting: mpsc::Receiver<Message>) {
    let mut closing = None;
    while closing.is_none() {
        let mut batch = Vec::new();
        match waiting.recv().await {
            Some(Message::Denied(act)) => batch.push(*act),
            Some(Message::Close(done)) => closing = Some(done),
            None => return,
        }
        if closing.is_none() {
            tokio::time::sleep(PAUSE).await;
        }
        while batch.len() < BATCH {
            match waiting.try_recv() {
                Ok(Message::Denied(act)) => batch.push(*act),
                Ok(Message::Close(done)) => closing = Some(done),
                Err(_) => break,
            }
        }
        let Some(inner) = store.upgrade() else { return };
        write_batch(&Store { inner }, batch).await;
    }
    if let Some(done) = closing {
        let _ = done.send(());
    }
}

async fn write_batch(store: &Store, mut batch: Vec<Act>) {
    batch.sort_by_key(|act| act.tenant);
    for acts in batch.chunk_by(|one, other| one.tenant == other.tenant) {
        let Some(tenant) = acts.first().map(|act| act.tenant) else {
            continue;
        };
        let count = acts.len();
        if let Err(error) = store
            .write(RecordDenials {
                tenant,
                acts: acts.to_vec(),
            })
            .await
        {
            metrics::counter!("palisade_audit_denials_dropped_total")
                .increment(u64::try_from(count).unwrap_or(0));
            tracing::error!(tenant.id = %tenant, count, cause = ?error.cause(), "refusals could not be written down");
        }
    }
}

struct RecordDenials {
    tenant: TenantId,
    acts: Vec<Act>,
}

impl Job for RecordDenials {
    type Output = ();

    fn tenant(&self) -> TenantId {
        self.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        record(tx, &self.acts).await
    }
}

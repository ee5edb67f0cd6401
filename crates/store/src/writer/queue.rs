//! Jobs in the queue, whatever their types.

use std::panic::AssertUnwindSafe;

use futures_util::{FutureExt as _, future::BoxFuture};
use palisade_envelope::{Error, Result};
use palisade_tenancy::Clock;
use sea_orm::{DatabaseTransaction, DbErr};
use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::stopped;
use crate::{
    dialect,
    fault::Fault,
    job::Job,
    sql::Bound,
    tx::{Prelude, TenantTx, Way},
};

/// How a job runs in the transaction of its group.
#[derive(Clone, Copy)]
pub(crate) enum Manner<'a> {
    /// What comes after its prepared statements, which ran with those of others.
    Prepared,
    /// All of it.
    Alone,
    /// All of it, the first statement behind this.
    Guarded(&'a Prelude),
}

/// A job in the queue.
pub(crate) trait Queued: Send {
    /// The statements that it begins with.
    fn prepared(&self) -> &[Bound] {
        &[]
    }
    /// Runs it inside the group's transaction; whether it wants to be kept.
    fn run<'a>(
        &'a mut self,
        transaction: &'a DatabaseTransaction,
        manner: Manner<'a>,
        clock: &'a dyn Clock,
    ) -> BoxFuture<'a, bool>;
    /// Makes the caller's error of what went wrong, after it was rolled back.
    fn explain<'a>(
        &'a mut self,
        transaction: &'a DatabaseTransaction,
        clock: &'a dyn Clock,
    ) -> BoxFuture<'a, ()>;
    /// Answers: `Err` when the group could not be committed.
    fn answer(self: Box<Self>, committed: std::result::Result<(), &DbErr>);
    /// Its share of a group.
    fn weight(&self) -> usize {
        1
    }
    /// Whether the queue ends here.
    fn is_stop(&self) -> bool {
        false
    }
}

/// A job whose caller waits.
pub(super) struct Waiting<J: Job> {
    job: J,
    done: Option<Result<J::Output, Fault>>,
    answer: oneshot::Sender<Result<J::Output>>,
    span: tracing::Span,
}

impl<J: Job> Waiting<J> {
    pub(super) const fn new(
        job: J,
        answer: oneshot::Sender<Result<J::Output>>,
        span: tracing::Span,
    ) -> Self {
        Self {
            job,
            done: None,
            answer,
            span,
        }
    }

    async fn write(
        &self,
        transaction: &DatabaseTransaction,
        manner: Manner<'_>,
        clock: &dyn Clock,
    ) -> Result<J::Output, Fault> {
        let way = match manner {
            Manner::Prepared | Manner::Alone => Way::Transaction(transaction),
            Manner::Guarded(prelude) => Way::Group(transaction, prelude),
        };
        let tx = TenantTx::new(way, self.job.tenant(), clock.now());
        if !matches!(manner, Manner::Prepared) {
            tx.together(self.job.prepared().iter().cloned()).await?;
        }
        let output = self.job.run(&tx).await?;
        if let Some(tenant) = self.job.changes() {
            dialect::announce(transaction, tenant).await?;
        }
        Ok(output)
    }
}

impl<J: Job> Queued for Waiting<J> {
    fn prepared(&self) -> &[Bound] {
        self.job.prepared()
    }

    fn run<'a>(
        &'a mut self,
        transaction: &'a DatabaseTransaction,
        manner: Manner<'a>,
        clock: &'a dyn Clock,
    ) -> BoxFuture<'a, bool> {
        let span = self.span.clone();
        async move {
            // A bug in one job must not end the writer of all.
            let done = AssertUnwindSafe(self.write(transaction, manner, clock))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(Error::internal("a write panicked").into()));
            let keep = done.is_ok();
            self.done = Some(done);
            keep
        }
        .instrument(span)
        .boxed()
    }

    fn explain<'a>(
        &'a mut self,
        transaction: &'a DatabaseTransaction,
        clock: &'a dyn Clock,
    ) -> BoxFuture<'a, ()> {
        async move {
            if let Some(Err(fault)) = self.done.take() {
                let way = Way::Transaction(transaction);
                let tx = TenantTx::new(way, self.job.tenant(), clock.now());
                self.done = Some(Err(self.job.explain(&tx, fault).await.into()));
            }
        }
        .boxed()
    }

    fn weight(&self) -> usize {
        self.job.weight()
    }

    fn answer(self: Box<Self>, committed: std::result::Result<(), &DbErr>) {
        let result = match (self.done, committed) {
            // Also what was refused: it may have been because of a write that is gone with the group.
            (_, Err(error)) => Err(Fault::from(error.clone()).into()),
            (Some(Err(fault)), Ok(())) => Err(fault.into()),
            (Some(Ok(output)), Ok(())) => Ok(output),
            (None, Ok(())) => Err(stopped()),
        };
        // Whoever asked may have gone; the write stands.
        let _ = self.answer.send(result);
    }
}

/// The end of the queue.
pub(super) struct Stop {
    answer: Option<oneshot::Sender<()>>,
}

impl Stop {
    pub(super) const fn new(answer: oneshot::Sender<()>) -> Self {
        Self {
            answer: Some(answer),
        }
    }
}

impl Queued for Stop {
    fn run<'a>(
        &'a mut self,
        _: &'a DatabaseTransaction,
        _: Manner<'a>,
        _: &'a dyn Clock,
    ) -> BoxFuture<'a, bool> {
        std::future::ready(true).boxed()
    }

    fn explain<'a>(
        &'a mut self,
        _: &'a DatabaseTransaction,
        _: &'a dyn Clock,
    ) -> BoxFuture<'a, ()> {
        std::future::ready(()).boxed()
    }

    fn answer(mut self: Box<Self>, _: std::result::Result<(), &DbErr>) {
        if let Some(answer) = self.answer.take() {
            let _ = answer.send(());
        }
    }

    fn is_stop(&self) -> bool {
        true
    }
}

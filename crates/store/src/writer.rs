//! How writes reach the database: in groups through one connection (SQLite), or each in a transaction of its own.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt as _, future::BoxFuture};
use palisade_envelope::{Code, Error, Result};
use palisade_tenancy::Clock;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbErr};
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;

use crate::{
    dialect,
    fault::Fault,
    job::Job,
    readers::Readers,
    tx::{Prelude, TenantTx, Way},
};

/// How many jobs wait for the writer at most; more wait outside.
const QUEUE: usize = 4_096;
/// How many jobs (by weight) share a commit at most, so that the first of them is answered soon.
const GROUP: usize = 128;

/// The way to the database for writes.
pub(crate) enum Writer {
    /// One connection, one thread.
    OneAtATime {
        queue: mpsc::Sender<Box<dyn Queued>>,
    },
    /// Any number of connections.
    Concurrent {
        connection: DatabaseConnection,
        readers: Arc<Readers>,
        clock: Arc<dyn Clock>,
    },
}

impl Writer {
    /// A thread that takes all jobs that wait into one transaction (or each into its own where `grouping` is off). A
    /// thread of its own: it and SQLite's take turns all the time, and a runtime that minds nothing else wakes sooner.
    ///
    /// # Errors
    /// `internal` when the thread can't be started.
    pub(crate) fn one_at_a_time(
        connection: DatabaseConnection,
        clock: Arc<dyn Clock>,
        grouping: bool,
    ) -> Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let group = if grouping { GROUP } else { 1 };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(Error::internal)?;
        std::thread::Builder::new()
            .name("palisade-writer".to_owned())
            .spawn(move || runtime.block_on(write_groups(connection, clock, jobs, group)))
            .map_err(Error::internal)?;
        Ok(Self::OneAtATime { queue })
    }

    /// A transaction of its own for each job; `readers` look at what one of them ran against.
    pub(crate) const fn concurrent(
        connection: DatabaseConnection,
        readers: Arc<Readers>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::Concurrent {
            connection,
            readers,
            clock,
        }
    }

    /// Runs the job; its output when it is committed.
    pub(crate) async fn run<J: Job>(&self, job: J) -> Result<J::Output> {
        match self {
            Self::OneAtATime { queue, .. } => {
                let (answer, answered) = oneshot::channel();
                let span = tracing::Span::current();
                let waiting = Waiting {
                    job,
                    done: None,
                    answer,
                    span,
                };
                queue.send(Box::new(waiting)).await.map_err(|_| stopped())?;
                answered.await.map_err(|_| stopped())?
            }
            Self::Concurrent {
                connection,
                readers,
                clock,
            } => {
                let mut result = attempt(connection, clock.as_ref(), &job).await;
                if matches!(&result, Err(fault) if fault.lost_a_race()) {
                    result = attempt(connection, clock.as_ref(), &job).await;
                }
                match result {
                    Ok(output) => Ok(output),
                    Err(fault) => {
                        let tx = TenantTx::new(Way::Readers(readers), job.tenant(), clock.now());
                        Err(job.explain(&tx, fault).await)
                    }
                }
            }
        }
    }

    /// Waits until every queued job is done, and takes no more.
    pub(crate) async fn close(&self) {
        if let Self::OneAtATime { queue } = self {
            let (answer, answered) = oneshot::channel();
            let stop = Stop {
                answer: Some(answer),
            };
            if queue.send(Box::new(stop)).await.is_ok() {
                let _ = answered.await;
            }
        }
    }
}

fn stopped() -> Error {
    Error::new(Code::Unavailable).caused_by("the writer has stopped")
}

async fn attempt<J: Job>(
    connection: &DatabaseConnection,
    clock: &dyn Clock,
    job: &J,
) -> Result<J::Output, Fault> {
    let transaction = dialect::begin(connection).await?;
    let output = job
        .run(&TenantTx::new(
            Way::Transaction(&transaction),
            job.tenant(),
            clock.now(),
        ))
        .await?;
    if let Some(tenant) = job.changes() {
        dialect::announce(&transaction, tenant).await?;
    }
    transaction.commit().await?;
    Ok(output)
}

/// A job in the queue, whatever its type.
pub(crate) trait Queued: Send {
    /// Runs it inside the group's transaction, its first statement behind `prelude`; whether it wants to be kept.
    fn run<'a>(
        &'a mut self,
        transaction: &'a DatabaseTransaction,
        prelude: &'a Prelude,
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

struct Waiting<J: Job> {
    job: J,
    done: Option<Result<J::Output, Fault>>,
    answer: oneshot::Sender<Result<J::Output>>,
    span: tracing::Span,
}

impl<J: Job> Waiting<J> {
    async fn write(
        &self,
        transaction: &DatabaseTransaction,
        prelude: &Prelude,
        clock: &dyn Clock,
    ) -> Result<J::Output, Fault> {
        let way = Way::Group(transaction, prelude);
        let output = self
            .job
            .run(&TenantTx::new(way, self.job.tenant(), clock.now()))
            .await?;
        if let Some(tenant) = self.job.changes() {
            dialect::announce(transaction, tenant).await?;
        }
        Ok(output)
    }
}

impl<J: Job> Queued for Waiting<J> {
    fn run<'a>(
        &'a mut self,
        transaction: &'a DatabaseTransaction,
        prelude: &'a Prelude,
        clock: &'a dyn Clock,
    ) -> BoxFuture<'a, bool> {
        let span = self.span.clone();
        async move {
            // A bug in one job must not end the writer of all.
            let done = AssertUnwindSafe(self.write(transaction, prelude, clock))
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
            (Some(Err(fault)), _) => Err(fault.into()),
            (_, Err(error)) => Err(Fault::from(error.clone()).into()),
            (Some(Ok(output)), Ok(())) => Ok(output),
            (None, Ok(())) => Err(stopped()),
        };
        // Whoever asked may have gone; the write stands.
        let _ = self.answer.send(result);
    }
}

/// The end of the queue.
struct Stop {
    answer: Option<oneshot::Sender<()>>,
}

impl Queued for Stop {
    fn run<'a>(
        &'a mut self,
        _: &'a DatabaseTransaction,
        _: &'a Prelude,
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

async fn write_groups(
    connection: DatabaseConnection,
    clock: Arc<dyn Clock>,
    mut jobs: mpsc::Receiver<Box<dyn Queued>>,
    limit: usize,
) {
    while let Some(first) = jobs.recv().await {
        let stop = first.is_stop();
        let mut group = Vec::new();
        let committed = write_group(
            &connection,
            clock.as_ref(),
            first,
            &mut jobs,
            limit,
            &mut group,
        )
        .await;
        metrics::histogram!("palisade_store_commit_group_size")
            .record(f64::from(u32::try_from(group.len()).unwrap_or(0)));
        for job in group {
            job.answer(committed.as_ref().copied());
        }
        if stop {
            return;
        }
    }
}

/// Runs `first` and whatever else waits in one transaction; `group` holds all that were taken, to be answered.
async fn write_group(
    connection: &DatabaseConnection,
    clock: &dyn Clock,
    first: Box<dyn Queued>,
    jobs: &mut mpsc::Receiver<Box<dyn Queued>>,
    limit: usize,
    group: &mut Vec<Box<dyn Queued>>,
) -> Result<(), DbErr> {
    let mut next = Some(first);
    let transaction = match dialect::begin(connection).await {
        Ok(transaction) => transaction,
        Err(error) => {
            group.extend(next);
            return Err(error);
        }
    };
    let (mut savepoint, mut weight) = (Savepoint::None, 0);
    while let Some(mut job) = next.take() {
        weight += job.weight();
        let written = write_one(&transaction, clock, job.as_mut(), &mut savepoint).await;
        let stop = job.is_stop();
        group.push(job);
        written?;
        if weight < limit && !stop {
            next = jobs.try_recv().ok();
        }
    }
    // This releases the last savepoint, too.
    transaction.commit().await
}

/// A failing job is rolled back alone; an error here is one of the whole group.
async fn write_one(
    transaction: &DatabaseTransaction,
    clock: &dyn Clock,
    job: &mut dyn Queued,
    savepoint: &mut Savepoint,
) -> Result<(), DbErr> {
    let prelude = Prelude::new(savepoint.set_next());
    let keep = job.run(transaction, &prelude, clock).await;
    if prelude.was_taken() {
        *savepoint = savepoint.next();
    }
    if !keep {
        if prelude.was_taken() {
            transaction
                .execute_unprepared(savepoint.roll_back())
                .await?;
        }
        job.explain(transaction, clock).await;
    }
    Ok(())
}

/// The savepoint that is set in a group's transaction. Each job has its own, set in the same round trip as the job's
/// first statement: a trip to SQLite's thread costs more than most statements. Two names take turns, so that a job
/// whose savepoint could not be set is never rolled back to that of the job before it.
#[derive(Clone, Copy)]
enum Savepoint {
    None,
    Odd,
    Even,
}

impl Savepoint {
    const fn set_next(self) -> &'static str {
        match self {
            Self::None => "SAVEPOINT odd",
            Self::Odd => "RELEASE odd; SAVEPOINT even",
            Self::Even => "RELEASE even; SAVEPOINT odd",
        }
    }

    const fn next(self) -> Self {
        match self {
            Self::None | Self::Even => Self::Odd,
            Self::Odd => Self::Even,
        }
    }

    const fn roll_back(self) -> &'static str {
        match self {
            Self::None | Self::Odd => "ROLLBACK TO odd",
            Self::Even => "ROLLBACK TO even",
        }
    }
}

//! How writes reach the database: in groups through one connection (SQLite), or each in a transaction of its own.

mod alike;
mod group;
mod queue;

use std::sync::Arc;

use palisade_envelope::{Code, Error, Result};
use palisade_tenancy::Clock;
use sea_orm::DatabaseConnection;
use tokio::sync::{mpsc, oneshot};

use self::queue::{Queued, Stop, Waiting};
use crate::{
    dialect,
    fault::Fault,
    job::Job,
    readers::Readers,
    tx::{TenantTx, Way},
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
            .spawn(move || runtime.block_on(group::write_groups(connection, clock, jobs, group)))
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
                let waiting = Waiting::new(job, answer, span);
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
            let stop = Stop::new(answer);
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
    let tx = TenantTx::new(Way::Transaction(&transaction), job.tenant(), clock.now());
    tx.together(job.prepared().iter().cloned()).await?;
    let output = job.run(&tx).await?;
    if let Some(tenant) = job.changes() {
        dialect::announce(&transaction, tenant).await?;
    }
    transaction.commit().await?;
    Ok(output)
}

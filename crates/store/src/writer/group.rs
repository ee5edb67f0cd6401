//! Groups of jobs that share a transaction, and so one flush of the disk.

use std::sync::Arc;

use palisade_tenancy::Clock;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbErr};
use tokio::sync::mpsc;

use super::{
    alike::Alike,
    queue::{Manner, Queued},
};
use crate::{dialect, tx::Prelude};

/// Writes what comes through the queue until its end; a group has at most this much weight.
pub(super) async fn write_groups(
    connection: DatabaseConnection,
    clock: Arc<dyn Clock>,
    mut jobs: mpsc::Receiver<Box<dyn Queued>>,
    limit: usize,
) {
    let mut groups = Groups {
        connection,
        clock,
        limit,
        caution: 0,
        alike: Alike::default(),
    };
    while let Some(first) = jobs.recv().await {
        let mut group = vec![first];
        let committed = groups.write(&mut group, &mut jobs).await;
        metrics::histogram!("palisade_store_commit_group_size")
            .record(f64::from(u32::try_from(group.len()).unwrap_or(0)));
        let stop = group.last().is_some_and(|job| job.is_stop());
        for job in group {
            job.answer(committed.as_ref().copied());
        }
        if stop {
            return;
        }
    }
}

/// For how many groups each job has a savepoint of its own after one failed. Nearly all jobs succeed, so a group goes
/// without savepoints, and is done again with them when a job in it fails. Where one failed, others soon will.
const CAUTIOUS: u32 = 64;

struct Groups {
    connection: DatabaseConnection,
    clock: Arc<dyn Clock>,
    limit: usize,
    /// For how many groups yet each job has a savepoint.
    caution: u32,
    alike: Alike,
}

impl Groups {
    /// Writes the group, and what else waits meanwhile, in one transaction.
    async fn write(
        &mut self,
        group: &mut Vec<Box<dyn Queued>>,
        jobs: &mut mpsc::Receiver<Box<dyn Queued>>,
    ) -> Result<(), DbErr> {
        let transaction = dialect::begin(&self.connection).await?;
        let cautious = self.caution > 0;
        self.caution = self.caution.saturating_sub(1);
        let (mut savepoint, mut written) = (Savepoint::None, 0);
        self.take(group, jobs);
        while written < group.len() {
            let new = group.get_mut(written..).unwrap_or_default();
            written += new.len();
            if cautious {
                self.write_each(&transaction, new, &mut savepoint).await?;
            } else if !self.write_all(&transaction, new).await {
                self.caution = CAUTIOUS;
                transaction.rollback().await?;
                let transaction = dialect::begin(&self.connection).await?;
                self.write_each(&transaction, group, &mut savepoint).await?;
                return transaction.commit().await;
            }
            self.take(group, jobs);
        }
        // This releases the last savepoint, too.
        transaction.commit().await
    }

    /// Adds the jobs that wait, as far as there is room.
    fn take(&self, group: &mut Vec<Box<dyn Queued>>, jobs: &mut mpsc::Receiver<Box<dyn Queued>>) {
        let mut weight: usize = group.iter().map(|job| job.weight()).sum();
        while weight < self.limit && !group.last().is_some_and(|job| job.is_stop()) {
            let Ok(job) = jobs.try_recv() else { return };
            weight += job.weight();
            group.push(job);
        }
    }

    /// Runs the jobs, those that begin alike together; whether all are to be kept.
    async fn write_all(
        &mut self,
        transaction: &DatabaseTransaction,
        mut jobs: &mut [Box<dyn Queued>],
    ) -> bool {
        while let Some((count, together)) = self.alike.first_of(jobs) {
            let manner = match together {
                Some(bound) => {
                    let statement = bound.statement(transaction.get_database_backend(), None);
                    let Ok(statement) = statement else {
                        return false;
                    };
                    if transaction.execute_raw(statement).await.is_err() {
                        return false;
                    }
                    Manner::Prepared
                }
                None => Manner::Alone,
            };
            let (these, others) = jobs.split_at_mut(count);
            for job in these {
                if !job.run(transaction, manner, self.clock.as_ref()).await {
                    return false;
                }
            }
            jobs = others;
        }
        true
    }

    /// Runs the jobs with a savepoint each. A failing one is rolled back alone; an error here is one of the whole group.
    async fn write_each(
        &self,
        transaction: &DatabaseTransaction,
        jobs: &mut [Box<dyn Queued>],
        savepoint: &mut Savepoint,
    ) -> Result<(), DbErr> {
        let clock = self.clock.as_ref();
        for job in jobs {
            let prelude = Prelude::new(savepoint.set_next());
            let keep = job.run(transaction, Manner::Guarded(&prelude), clock).await;
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
        }
        Ok(())
    }
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

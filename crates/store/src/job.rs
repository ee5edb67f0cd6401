//! A write: all of its rows, and their audit row, in one transaction.

use std::future::Future;

use palisade_envelope::Error;
use palisade_tenancy::TenantId;

use crate::{fault::Fault, sql::Bound, tx::TenantTx};

/// One write. It may be run twice: a transaction that lost against another is tried once more.
pub(crate) trait Job: Send + Sync + 'static {
    /// What the caller gets after the commit.
    type Output: Send + Sync + 'static;

    /// The tenant whose rows it writes: the one of its grant.
    fn tenant(&self) -> TenantId;

    /// The tenant whose keys, state, policies, providers, schemas or session tokens it changes, so that nodes forget what they
    /// cached of it.
    fn changes(&self) -> Option<TenantId> {
        None
    }

    /// How much it writes, counted in usual writes: jobs of much weight share a commit with few others.
    fn weight(&self) -> usize {
        1
    }

    /// The statements that it begins with, put together before it waits for its turn; [`Job::run`] comes after them. On
    /// SQLite all writes go through one connection, and those that begin with the same text go there together: when `run`
    /// begins, what later jobs have prepared may be there already.
    fn prepared(&self) -> &[Bound] {
        &[]
    }

    /// Writes. An error leaves nothing behind.
    fn run(&self, tx: &TenantTx<'_>) -> impl Future<Output = Result<Self::Output, Fault>> + Send;

    /// Makes the caller's error of a fault, after the job was rolled back; may look at rows to name fields.
    fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> impl Future<Output = Error> + Send {
        let _ = tx;
        std::future::ready(fault.into())
    }
}

//! How far imports have come: the rows that are done and the counts of what became of them commit with the identities.

mod begin;
mod finish;
mod statistics;
pub(crate) mod step;

use palisade_identity::Timestamp;
use sea_orm::QueryResult;

use crate::{
    fault::Fault,
    row::{Columns, unreadable},
};

pub use begin::ImportRequest;
pub use step::{ImportStep, RejectedCount, RejectedRows};

/// How far an import has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProgress {
    /// SHA-256 of the file and of how it is read.
    pub fingerprint: [u8; 32],
    /// Where refused rows are written to.
    pub rejected_file: String,
    /// How many rows of the file are done, refused ones included.
    pub rows_done: u64,
    /// How many identities were created.
    pub created: u64,
    /// How many rows were refused because what they bring is there already.
    pub conflicts: u64,
    /// How many rows were refused, those included.
    pub rejected: u64,
    /// How long the file of refused rows is, in bytes.
    pub rejected_bytes: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was done with the last row; `None`: it is not.
    pub finished_at: Option<Timestamp>,
}

/// The columns that [`progress`] reads, in its order.
macro_rules! columns {
    () => {
        "fingerprint, rejected_file, rows_done, created, conflicts, rejected, rejected_bytes, started_at, finished_at"
    };
}
pub(crate) use columns;

fn progress(row: &QueryResult) -> Result<ImportProgress, Fault> {
    let mut columns = Columns::of(row);
    let fingerprint: Vec<u8> = columns.get()?;
    Ok(ImportProgress {
        fingerprint: fingerprint
            .try_into()
            .map_err(|_| unreadable("a fingerprint of another length".to_owned()))?,
        rejected_file: columns.get()?,
        rows_done: count(&mut columns)?,
        created: count(&mut columns)?,
        conflicts: count(&mut columns)?,
        rejected: count(&mut columns)?,
        rejected_bytes: count(&mut columns)?,
        started_at: columns.time()?,
        finished_at: columns.maybe_time()?,
    })
}

fn count(columns: &mut Columns<'_>) -> Result<u64, Fault> {
    let number: i64 = columns.get()?;
    u64::try_from(number).map_err(|_| unreadable(format!("`{number}` is no count")))
}

/// A count as the databases keep it.
fn value(count: u64) -> sea_orm::Value {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

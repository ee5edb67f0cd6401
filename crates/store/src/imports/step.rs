//! One batch of an import: its place in the file is checked and moved in the batch's own transaction, so that each row is
//! done once, whoever is killed when, and however many try.

use std::sync::Arc;

use palisade_envelope::{Code, Error, Result};
use palisade_identity::IdentityId;

use super::value;
use crate::{fault::Fault, row, sql::TenantSql, tx::TenantTx};

// The row is written before anything else: another one of the same import waits here, and then finds it moved.
const CLAIM: TenantSql = TenantSql::new(
    "UPDATE imports SET updated_at = $4
     WHERE tenant_id = $1 AND fingerprint = $2 AND rows_done = $3 AND finished_at IS NULL",
);

const MOVE: TenantSql = TenantSql::new(
    "UPDATE imports SET rows_done = rows_done + $3, created = created + $4, conflicts = conflicts + $5,
        rejected = rejected + $6, rejected_bytes = $7
     WHERE tenant_id = $1 AND fingerprint = $2",
);

/// What writes refused rows down, outside of the database.
pub trait RejectedRows: Send + Sync + std::fmt::Debug {
    /// Writes down, behind what the rows before left, which rows of the batch are refused: those that were no items, and
    /// the items whose outcome here is an error. Called before the batch commits, and again where it is done again: what
    /// it wrote then counts for nothing.
    ///
    /// # Errors
    /// When it can't be written. Then the batch is not done.
    fn write(&self, outcomes: &[Result<IdentityId>]) -> Result<RejectedCount>;
}

/// What there is of refused rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RejectedCount {
    /// How many rows of the batch were refused, whether they were items or not.
    pub rows: u64,
    /// How many of them because what they bring is there already.
    pub conflicts: u64,
    /// How long the file of refused rows is with them, in bytes.
    pub bytes: u64,
}

/// The place of a batch in its import.
#[derive(Clone, Debug)]
pub struct ImportStep {
    /// The import; `None` where nothing is kept of it (what is read can't be read again).
    pub fingerprint: Option<[u8; 32]>,
    /// How many rows come before.
    pub rows_before: u64,
    /// How many rows of the file the batch is, those included that are no items of it.
    pub rows: u64,
    /// Where refused rows are written down.
    pub rejected: Arc<dyn RejectedRows>,
}

impl ImportStep {
    /// Makes sure that no other batch is in this place.
    pub(crate) async fn claim(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        let Some(fingerprint) = self.fingerprint else {
            return Ok(());
        };
        let values = [
            fingerprint.to_vec().into(),
            value(self.rows_before),
            row::at(tx.now()),
        ];
        if tx.execute(CLAIM, values).await? == 1 {
            Ok(())
        } else {
            Err(overtaken().into())
        }
    }

    /// Writes down what became of the rows, and moves on behind them.
    pub(crate) async fn done(
        &self,
        tx: &TenantTx<'_>,
        outcomes: &[Result<IdentityId>],
    ) -> Result<(), Fault> {
        let rejected = self.rejected.write(outcomes)?;
        let Some(fingerprint) = self.fingerprint else {
            return Ok(());
        };
        let values = [
            fingerprint.to_vec().into(),
            value(self.rows),
            value(self.rows.saturating_sub(rejected.rows)),
            value(rejected.conflicts),
            value(rejected.rows),
            value(rejected.bytes),
        ];
        tx.execute(MOVE, values).await?;
        Ok(())
    }
}

/// Two did the same import, and the other one was faster.
pub(super) fn overtaken() -> Error {
    Error::with_message(
        Code::StaleResource,
        "another run of this import is at work, or was since this one began; let one of them finish",
    )
}

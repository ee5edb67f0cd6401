//! Lets the database look at what an import has written so far.

use crate::{Store, dialect};

/// The tables whose rows an import looks up and refers to.
const TABLES: [&str; 4] = [
    "identities",
    "identity_identifiers",
    "identity_addresses",
    "external_identities",
];
/// The first mark.
const FIRST: u64 = 1_024;

impl Store {
    /// Has the statistics of the tables taken anew where the rows of an import have doubled with those from `before` to
    /// `after`. PostgreSQL plans by what it saw last, which of a tenant that is being filled is nothing, and then goes
    /// through all that the tenant has for each row. It looks by itself, but once a minute at most.
    pub(crate) async fn look_at_import(&self, before: u64, after: u64) {
        if !passes_mark(before, after) {
            return;
        }
        // What is written is written: without this it only goes slower.
        if let Err(error) = dialect::analyze(&self.inner.common, &TABLES).await {
            tracing::warn!(%error, "the statistics of the tables could not be taken anew");
        }
    }
}

/// Whether one of 1,024, 2,048, 4,096... rows is behind `before`, and not behind `after`.
const fn passes_mark(before: u64, after: u64) -> bool {
    after >= FIRST && (before < FIRST || after.ilog2() > before.ilog2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_taken_each_time_that_the_rows_have_doubled() {
        let batches = (0..200).map(|batch| (batch * 512, (batch + 1) * 512));
        let marks: Vec<u64> = batches
            .filter(|&(before, after)| passes_mark(before, after))
            .map(|(_, after)| after)
            .collect();
        assert_eq!(marks, [1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536]);
        assert!(!passes_mark(0, 0) && !passes_mark(0, 1_023) && !passes_mark(1_024, 2_047));
        assert!(passes_mark(1_023, 1_024) && passes_mark(0, 100_000));
    }
}

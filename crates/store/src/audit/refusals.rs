//! What was refused to one piece of work, for the audit trail.

use std::cell::RefCell;

use palisade_authz::Denied;

use crate::Store;

/// What was refused to one request or batch, to be recorded at its end: one row of the audit trail for each action,
/// however many of its items it was asked for.
#[derive(Debug, Default)]
pub struct Refusals(RefCell<Vec<(Denied, u64)>>);

impl Refusals {
    /// One more.
    pub fn add(&self, denied: &Denied) {
        let mut all = self.0.borrow_mut();
        match all
            .iter_mut()
            .find(|(first, _)| first.action == denied.action)
        {
            Some((_, count)) => *count += 1,
            None => all.push((denied.clone(), 1)),
        }
    }

    /// Hands them over to the audit trail, and is empty then; each names the first resource that the action was refused
    /// on, and how many there were.
    pub fn record(&self, store: &Store) {
        for (denied, count) in self.0.take() {
            store.record_denials(&denied, count);
        }
    }
}

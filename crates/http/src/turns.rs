//! Turns: whoever changes a resource by loading, deciding and writing waits here for those of this node that change the same
//! one, so that they don't take each other's base away in turn. Across nodes the revision decides, as ever.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use palisade_identity::{ProviderId, ids::Uuid};
use tokio::sync::OwnedMutexGuard;

/// A resource: whose it is, and its id. Nobody takes the turns of another connection.
type Place = (ProviderId, Uuid);
type Waiting = HashMap<Place, Arc<tokio::sync::Mutex<()>>>;

/// Who waits for which resource.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    waiting: Mutex<Waiting>,
}

/// The turn at a resource, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    of: Place,
    held: Option<OwnedMutexGuard<()>>,
    /// Whether another had it when it was asked for.
    pub(crate) waited: bool,
}

impl Turns {
    /// Waits for the turn at the connection's resource of this id; first come, first served.
    pub(crate) async fn at(&self, connection: ProviderId, id: Uuid) -> Turn<'_> {
        let of = (connection, id);
        // Made before the wait, so that who gives up waiting leaves nothing behind.
        let mut turn = Turn {
            turns: self,
            of,
            held: None,
            waited: false,
        };
        let place = Arc::clone(self.lock().entry(of).or_default());
        turn.held = match Arc::clone(&place).try_lock_owned() {
            Ok(held) => Some(held),
            Err(_) => {
                turn.waited = true;
                Some(place.lock_owned().await)
            }
        };
        turn
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut waiting = self.turns.lock();
        self.held = None;
        // Those who wait count; they take their places under the same lock.
        if waiting
            .get(&self.of)
            .is_some_and(|place| Arc::strong_count(place) == 1)
        {
            waiting.remove(&self.of);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn one_at_a_time_has_the_turn_and_nothing_is_left_behind() {
        let turns = Turns::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (mine, theirs) = (ProviderId::from_uuid(one), ProviderId::from_uuid(other));
        let inside = AtomicU32::new(0);
        let work = async || {
            let _turn = turns.at(mine, one).await;
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            tokio::task::yield_now().await;
            inside.fetch_sub(1, Ordering::SeqCst);
        };
        futures_util::future::join_all((0..20).map(|_| work())).await;
        let first = turns.at(mine, one).await;
        assert!(!first.waited && !turns.at(mine, other).await.waited);
        let elsewhere = turns.at(theirs, one).await;
        assert!(!elsewhere.waited, "another connection has turns of its own");
        drop(elsewhere);
        // Who gives up waits no more.
        let late = tokio::time::timeout(Duration::from_millis(5), turns.at(mine, one)).await;
        assert!(late.is_err());
        drop(first);
        assert!(turns.lock().is_empty());
    }
}

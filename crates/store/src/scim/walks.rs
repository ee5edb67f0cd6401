//! Walks over lists by index: where the pages ended that this node gave out.
//!
//! A client that walks by `startIndex` counts, and whoever goes while it walks moves all those behind: by counting alone somebody who
//! was there all the time would be passed over. So a page begins behind the last resource of the page before, as long as this node
//! remembers it; after that, or on another node, it begins where counting says.

use std::time::Duration;

use moka::{ops::compute::Op, sync::Cache};
use sha2::{Digest as _, Sha256};

use super::listing::Place;

/// Ends of pages by list, size and number.
#[derive(Debug)]
pub(crate) struct Walks(Cache<[u8; 32], Vec<Mark>>);

/// The end of a page.
#[derive(Clone, Debug)]
struct Mark {
    place: Place,
    /// Whether a page that follows it was asked for.
    used: bool,
}

impl Walks {
    /// The most ends that are remembered.
    const MOST: u64 = 50_000;
    /// How long they are.
    const KEPT: Duration = Duration::from_secs(600);
    /// How many walks of one list at once are told apart.
    const AT_ONCE: usize = 4;

    pub(crate) fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(Self::MOST)
                .time_to_live(Self::KEPT)
                .build(),
        )
    }

    fn key(list: &str, count: u64, start: u64) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(start.to_be_bytes());
        digest.update(count.to_be_bytes());
        digest.update(list);
        digest.finalize().into()
    }

    /// Remembers that a page of `count` of this list ended here, and that the next one starts with number `start`.
    pub(super) fn ended(&self, list: &str, count: u64, start: u64, place: &Place) {
        let entry = self.0.entry(Self::key(list, count, start));
        entry.and_compute_with(|known| {
            let mut marks = known.map(moka::Entry::into_value).unwrap_or_default();
            marks.retain(|mark| !mark.used && !mark.place.is_at(place));
            if marks.len() >= Self::AT_ONCE {
                marks.remove(0);
            }
            marks.push(Mark {
                place: place.clone(),
                used: false,
            });
            Op::Put(marks)
        });
    }

    /// Behind what the page of `count` that starts with number `start` begins. Where several walks wait at the same number, the one
    /// that came first: who gets it in another's stead sees somebody twice, and misses nobody.
    pub(super) fn behind(&self, list: &str, count: u64, start: u64) -> Option<Place> {
        let mut found = None;
        let entry = self.0.entry(Self::key(list, count, start));
        entry.and_compute_with(|known| {
            let Some(mut marks) = known.map(moka::Entry::into_value) else {
                return Op::Nop;
            };
            let waiting = marks.iter().filter(|mark| !mark.used).count();
            if waiting == 0 {
                // The same page once more.
                found = marks.last().map(|mark| mark.place.clone());
                return Op::Nop;
            }
            if let Some(mark) = marks.iter_mut().find(|mark| !mark.used) {
                found = Some(mark.place.clone());
                mark.used = waiting == 1;
            }
            Op::Put(marks)
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use palisade_identity::ids::Uuid;

    use super::*;

    #[test]
    fn a_walk_goes_on_behind_its_own_page_and_a_later_one_behind_that_one() {
        let walks = Walks::new();
        let place = |number| Place::at_id(Uuid::from_u128(number));
        let at = |start| {
            let behind = walks.behind("list", 5, start);
            behind.map(|place| place.id().as_u128())
        };
        assert_eq!(at(6), None);
        walks.ended("list", 5, 6, &place(5));
        assert_eq!((at(6), at(6), at(11)), (Some(5), Some(5), None));
        assert!(walks.behind("list", 4, 6).is_none() && walks.behind("other", 5, 6).is_none());
        // The next walk, after one was deleted.
        walks.ended("list", 5, 6, &place(6));
        assert_eq!(at(6), Some(6));
        // Two at once.
        walks.ended("list", 5, 6, &place(7));
        walks.ended("list", 5, 6, &place(8));
        assert_eq!((at(6), at(6)), (Some(7), Some(7)));
    }
}

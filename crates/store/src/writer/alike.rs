//! Jobs that begin with the same statement, in one round trip.

use std::collections::HashMap;

use super::queue::Queued;
use crate::sql::Bound;

/// How many jobs share a round trip: a trip to SQLite's thread and back costs as much as a small job. Few sizes, so that
/// the driver's cache of prepared statements holds few texts.
const SIZES: [usize; 3] = [8, 4, 2];
/// How many texts are remembered before all are forgotten.
const MOST: usize = 32;

/// The texts of statements several times over.
#[derive(Default)]
pub(super) struct Alike {
    texts: HashMap<String, [Option<String>; SIZES.len()]>,
}

impl Alike {
    /// How many of the first jobs go together, and the statements that they begin with. `None` for no jobs.
    pub(super) fn first_of(&mut self, jobs: &[Box<dyn Queued>]) -> Option<(usize, Vec<Bound>)> {
        let prepared = jobs.first()?.prepared();
        let [one] = prepared else {
            return Some((1, prepared.to_vec()));
        };
        let alike = jobs
            .iter()
            .map_while(|job| match job.prepared() {
                [other] if other.text == one.text => Some(&other.values),
                _ => None,
            })
            .take(SIZES[0])
            .collect::<Vec<_>>();
        let size = SIZES.iter().position(|size| *size <= alike.len());
        let Some((place, times)) = size.and_then(|place| Some((place, *SIZES.get(place)?))) else {
            return Some((1, vec![one.clone()]));
        };
        let together = Bound {
            text: self.text(one, place, times),
            values: alike.into_iter().take(times).flatten().cloned().collect(),
        };
        Some((times, vec![together]))
    }

    fn text(&mut self, one: &Bound, place: usize, times: usize) -> String {
        if self.texts.len() >= MOST && !self.texts.contains_key(&one.text) {
            self.texts.clear();
        }
        if !self.texts.contains_key(&one.text) {
            self.texts.insert(one.text.clone(), Default::default());
        }
        let known = self
            .texts
            .get_mut(&one.text)
            .and_then(|texts| texts.get_mut(place));
        match known {
            Some(text) => text.get_or_insert_with(|| one.times(times)).clone(),
            None => one.times(times),
        }
    }
}

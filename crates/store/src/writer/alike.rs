//! Jobs that begin with the same statement, in one round trip.

use std::{borrow::Cow, collections::HashMap};

use super::queue::Queued;
use crate::sql::Bound;

/// How many jobs share a round trip: a trip to SQLite's thread and back costs as much as a small job. Few sizes, so that
/// the driver's cache of prepared statements holds few texts.
const SIZES: [usize; 3] = [8, 4, 2];
/// How many texts are remembered before all are forgotten.
const MOST: usize = 32;
/// How long a text is at most, in bytes: a usual one has less than half, and those that callers make long would only fill
/// memory.
const LONGEST: usize = 4_096;

/// The texts of statements several times over.
#[derive(Default)]
pub(super) struct Alike {
    texts: HashMap<Cow<'static, str>, [Option<String>; SIZES.len()]>,
}

impl Alike {
    /// How many of the first jobs go together, and the statement that all of them begin with; `None` for a job that
    /// goes alone. `None` for no jobs.
    pub(super) fn first_of(&mut self, jobs: &[Box<dyn Queued>]) -> Option<(usize, Option<Bound>)> {
        let [one] = jobs.first()?.prepared() else {
            return Some((1, None));
        };
        if one.text.len() > LONGEST {
            return Some((1, None));
        }
        let alike = jobs
            .iter()
            .map_while(|job| match job.prepared() {
                [other] if other.text == one.text && other.values.len() == one.values.len() => {
                    Some(&other.values)
                }
                _ => None,
            })
            .take(SIZES[0])
            .collect::<Vec<_>>();
        let size = SIZES.iter().position(|size| *size <= alike.len());
        let Some((place, times)) = size.and_then(|place| Some((place, *SIZES.get(place)?))) else {
            return Some((1, None));
        };
        let together = Bound {
            text: self.text(one, place, times).into(),
            values: alike.into_iter().take(times).flatten().cloned().collect(),
        };
        Some((times, Some(together)))
    }

    fn text(&mut self, one: &Bound, place: usize, times: usize) -> String {
        let known = self.texts.get(&one.text).and_then(|texts| texts.get(place));
        if let Some(Some(text)) = known {
            return text.clone();
        }
        if self.texts.len() >= MOST {
            self.texts.clear();
        }
        let text = one.times(times);
        let texts = self.texts.entry(one.text.clone()).or_default();
        if let Some(known) = texts.get_mut(place) {
            *known = Some(text.clone());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, future::BoxFuture};
    use palisade_tenancy::Clock;
    use sea_orm::{DatabaseTransaction, DbErr, Value};

    use super::*;
    use crate::writer::queue::Manner;

    /// A job that begins with these.
    struct Beginning(Vec<Bound>);

    impl Queued for Beginning {
        fn prepared(&self) -> &[Bound] {
            &self.0
        }

        fn run<'a>(
            &'a mut self,
            _: &'a DatabaseTransaction,
            _: Manner<'a>,
            _: &'a dyn Clock,
        ) -> BoxFuture<'a, bool> {
            std::future::ready(true).boxed()
        }

        fn explain<'a>(
            &'a mut self,
            _: &'a DatabaseTransaction,
            _: &'a dyn Clock,
        ) -> BoxFuture<'a, ()> {
            std::future::ready(()).boxed()
        }

        fn answer(self: Box<Self>, _: Result<(), &DbErr>) {}
    }

    fn job(table: &str, tenant: i32) -> Box<dyn Queued> {
        let rows = [vec![(tenant * 10).into()]];
        let bound = Bound::insert(table, &["a"], tenant.into(), rows).expect("has rows");
        Box::new(Beginning(vec![bound]))
    }

    fn taken(jobs: &[Box<dyn Queued>]) -> (usize, Option<(String, Vec<Value>)>) {
        let (count, bound) = Alike::default().first_of(jobs).expect("has jobs");
        (
            count,
            bound.map(|bound| (bound.text.into_owned(), bound.values)),
        )
    }

    #[test]
    fn each_of_several_keeps_its_own_tenant_and_values() {
        let jobs: Vec<_> = (1..=3).map(|tenant| job("t", tenant)).collect();
        let text = "INSERT INTO t (tenant_id, a) VALUES ($1, $2); \
                    INSERT INTO t (tenant_id, a) VALUES ($3, $4)";
        let values = vec![1.into(), 10.into(), 2.into(), 20.into()];
        assert_eq!(taken(&jobs), (2, Some((text.to_owned(), values))));
    }

    #[test]
    fn as_many_go_together_as_the_largest_size_that_is_there() {
        for (waiting, expected) in [(1, 1), (2, 2), (3, 2), (7, 4), (8, 8), (20, 8)] {
            let jobs: Vec<_> = (0..waiting).map(|tenant| job("t", tenant)).collect();
            let (count, together) = taken(&jobs);
            assert_eq!(count, expected, "of {waiting}");
            assert_eq!(together.is_some(), expected > 1, "of {waiting}");
            let values = together.map_or(0, |(_, values)| values.len());
            assert_eq!(values, if expected > 1 { expected * 2 } else { 0 });
        }
    }

    #[test]
    fn only_neighbours_with_the_same_text_go_together() {
        assert_eq!(taken(&[job("t", 1), job("u", 2), job("t", 3)]).0, 1);
        let none: Box<dyn Queued> = Box::new(Beginning(Vec::new()));
        assert_eq!(taken(&[none, job("t", 1)]), (1, None));
        let long = "t".repeat(LONGEST);
        assert_eq!(taken(&[job(&long, 1), job(&long, 2)]), (1, None));
        assert!(Alike::default().first_of(&[]).is_none());
    }

    #[test]
    fn a_text_is_made_once_for_each_size() {
        let mut alike = Alike::default();
        let jobs: Vec<_> = (0..8).map(|tenant| job("t", tenant)).collect();
        let first = alike
            .first_of(&jobs)
            .map(|(_, bound)| bound.map(|bound| bound.text));
        assert_eq!(
            alike
                .first_of(&jobs)
                .map(|(_, bound)| bound.map(|bound| bound.text)),
            first
        );
        assert_eq!(alike.texts.len(), 1);
        for number in 0..2 * MOST {
            let table = format!("t{number}");
            alike.first_of(&[job(&table, 1), job(&table, 2)]);
            assert!(alike.texts.len() <= MOST);
        }
    }
}

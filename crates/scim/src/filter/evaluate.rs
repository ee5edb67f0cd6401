//! Filters held against resources in memory.

use serde_json::{Map, Value};

use super::ast::{ElementFilter, Filter, Operator, Term, Test};
use crate::path::AttributePath;
use crate::value::is_unassigned;

impl Filter {
    /// Whether a resource fits, given as it is answered: with `id`, `schemas` and `meta`, extensions under their URN.
    pub fn matches(&self, resource: &Map<String, Value>) -> bool {
        self.decide(&mut |term| match term {
            Term::Test { path, test } => {
                let values = values(resource, path);
                passes(values.iter().copied(), test)
            }
            Term::Element { path, filter } => elements(resource, path)
                .iter()
                .any(|element| filter.fits(element)),
        })
    }
}

impl ElementFilter {
    /// Whether a value of the attribute fits.
    pub fn fits(&self, element: &Value) -> bool {
        self.decide(&mut |term| {
            let value = match &term.sub {
                Some(sub) => element.get(sub.name()),
                None => Some(element),
            };
            passes(
                value.into_iter().filter(|value| !is_unassigned(value)),
                &term.test,
            )
        })
    }
}

/// Whether one of the values passes. Where there is none, `ne` does and nothing else.
fn passes<'a>(mut values: impl Iterator<Item = &'a Value>, test: &Test) -> bool {
    match test {
        Test::Present => values.next().is_some(),
        Test::Compare(Operator::NotEqual, literal) => {
            let mut none = true;
            for value in values {
                if literal.holds(value, Operator::NotEqual) {
                    return true;
                }
                none = false;
            }
            none
        }
        Test::Compare(operator, literal) => values.any(|value| literal.holds(value, *operator)),
    }
}

/// The values of the attribute that the path begins with; one, where it is no list.
fn elements<'a>(resource: &'a Map<String, Value>, path: &AttributePath) -> Vec<&'a Value> {
    let home = match path.extension() {
        Some(urn) => resource.get(urn).and_then(Value::as_object),
        None => Some(resource),
    };
    match home.and_then(|home| home.get(path.attribute().name())) {
        Some(Value::Array(items)) => items.iter().filter(|item| !is_unassigned(item)).collect(),
        Some(value) if !is_unassigned(value) => vec![value],
        _ => Vec::new(),
    }
}

fn values<'a>(resource: &'a Map<String, Value>, path: &AttributePath) -> Vec<&'a Value> {
    let elements = elements(resource, path);
    match path.sub_attribute() {
        Some(sub) => elements
            .into_iter()
            .filter_map(|element| element.get(sub.name()))
            .filter(|value| !is_unassigned(value))
            .collect(),
        None => elements,
    }
}

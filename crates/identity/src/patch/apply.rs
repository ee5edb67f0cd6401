//! The six operations.

use palisade_envelope::{Code, Error, Result};
use serde_json::{Map, Value};

use super::{Operation, Pointer, invalid};
use crate::json::MAX_DEPTH;

/// The largest document that a patch may make, as compact JSON, in bytes; measured after each operation.
pub const MAX_DOCUMENT: usize = 1024 * 1024;

pub(super) fn operation(document: &mut Value, operation: &Operation) -> Result<()> {
    match operation {
        Operation::Add { path, value } => add(document, path, value.clone()),
        Operation::Remove { path } => remove(document, path).map(drop),
        Operation::Replace { path, value } => replace(document, path, value.clone()),
        Operation::Move { from, path } => {
            if from == path {
                return find(document, from).map(drop);
            }
            if from.holds(path) {
                return Err(invalid(format!("`{from}` can't be moved into itself")));
            }
            let value = remove(document, from)?;
            add(document, path, value)
        }
        Operation::Copy { from, path } => {
            let value = find(document, from)?.clone();
            add(document, path, value)
        }
        Operation::Test { path, value } => {
            if equal(find(document, path)?, value) {
                Ok(())
            } else {
                Err(invalid(format!(
                    "the test of `{path}` failed: another value is there"
                )))
            }
        }
    }
}

/// Fails when the document has become too large or too deep. Called after each operation, so that what is looked at
/// here is at most twice as large or deep as allowed.
pub(super) fn check_size(document: &Value) -> Result<()> {
    let mut left = MAX_DOCUMENT;
    measure(document, 0, &mut left)
}

/// Takes the length of the value from `left`.
pub(super) fn measure(value: &Value, depth: usize, left: &mut usize) -> Result<()> {
    let own = match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => written(text),
        Value::Array(items) => items.len() + 2,
        // For each member a colon and a comma.
        Value::Object(members) => members.keys().map(|name| written(name) + 2).sum::<usize>() + 2,
    };
    *left = left.checked_sub(own).ok_or_else(|| {
        Error::with_message(
            Code::BodyTooLarge,
            format!("the patch makes a document larger than {MAX_DOCUMENT} bytes"),
        )
    })?;
    if depth >= MAX_DEPTH && matches!(value, Value::Array(_) | Value::Object(_)) {
        return Err(invalid(format!(
            "the patch makes a document nested deeper than {MAX_DEPTH} levels"
        )));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| measure(item, depth + 1, left)),
        Value::Object(members) => members
            .values()
            .try_for_each(|member| measure(member, depth + 1, left)),
        _ => Ok(()),
    }
}

/// The length of a string as JSON writes it.
fn written(text: &str) -> usize {
    let escaped: usize = text
        .bytes()
        .map(|c| match c {
            b'"' | b'\\' => 1,
            c if c < 0x20 => 5,
            _ => 0,
        })
        .sum();
    text.len() + escaped + 2
}

fn find<'a>(document: &'a Value, path: &Pointer) -> Result<&'a Value> {
    path.tokens()
        .iter()
        .try_fold(document, |value, token| match value {
            Value::Object(members) => members.get(token),
            Value::Array(items) => items.get(index(token)?),
            _ => None,
        })
        .ok_or_else(|| missing(path))
}

fn find_mut<'a>(document: &'a mut Value, tokens: &[String]) -> Option<&'a mut Value> {
    tokens
        .iter()
        .try_fold(document, |value, token| match value {
            Value::Object(members) => members.get_mut(token),
            Value::Array(items) => items.get_mut(index(token)?),
            _ => None,
        })
}

fn remove(document: &mut Value, path: &Pointer) -> Result<Value> {
    let Some((last, parents)) = path.tokens().split_last() else {
        return Err(invalid("the whole document can't be removed"));
    };
    let removed = match find_mut(document, parents) {
        Some(Value::Object(members)) => members.remove(last),
        Some(Value::Array(items)) => index(last)
            .filter(|index| *index < items.len())
            .map(|index| items.remove(index)),
        _ => None,
    };
    removed.ok_or_else(|| missing(path))
}

fn add(document: &mut Value, path: &Pointer, value: Value) -> Result<()> {
    let Some((last, parents)) = path.tokens().split_last() else {
        *document = value;
        return Ok(());
    };
    let mut place = document;
    // Each parent is made to fit the token that is looked up in it.
    for (parent, next) in parents.iter().zip(path.tokens().iter().skip(1)) {
        let slot = match place {
            Value::Object(members) => Some(members.entry(parent.as_str()).or_insert(Value::Null)),
            Value::Array(items) => match parent.as_str() {
                "-" => {
                    items.push(Value::Null);
                    items.last_mut()
                }
                _ => slot(items, parent),
            },
            _ => None,
        };
        place = slot.ok_or_else(|| missing(path))?;
        if place.is_null() {
            *place = if matches!(next.as_str(), "-" | "0") {
                Value::Array(Vec::new())
            } else {
                Value::Object(Map::new())
            };
        }
    }
    match place {
        Value::Object(members) => {
            members.insert(last.clone(), value);
            Ok(())
        }
        Value::Array(items) if last == "-" => {
            items.push(value);
            Ok(())
        }
        Value::Array(items) => match index(last) {
            Some(index) if index <= items.len() => {
                items.insert(index, value);
                Ok(())
            }
            _ => Err(missing(path)),
        },
        _ => Err(missing(path)),
    }
}

/// The element of that index; one behind the last is made.
fn slot<'a>(items: &'a mut Vec<Value>, token: &str) -> Option<&'a mut Value> {
    let index = index(token)?;
    if index == items.len() {
        items.push(Value::Null);
    }
    items.get_mut(index)
}

fn replace(document: &mut Value, path: &Pointer, value: Value) -> Result<()> {
    if let Some(place) = find_mut(document, path.tokens()) {
        *place = value;
        return Ok(());
    }
    match path.tokens().last() {
        // What is addressed by its index must be there.
        Some(last) if last == "-" || index(last).is_some() => Err(missing(path)),
        _ => add(document, path, value),
    }
}

/// An index without sign or leading zeros.
fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with('0');
    if plain && token.bytes().all(|c| c.is_ascii_digit()) {
        token.parse().ok()
    } else {
        None
    }
}

/// Equal as JSON: numbers by value, so that `1` and `1.0` are the same.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right
                || (left.is_f64() || right.is_f64())
                    && left.as_f64().is_some()
                    && left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, left)| right.get(name).is_some_and(|right| equal(left, right)))
        }
        (left, right) => left == right,
    }
}

fn missing(path: &Pointer) -> Error {
    invalid(format!("`{path}` does not exist")).detail("field", path.to_string())
}

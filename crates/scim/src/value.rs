//! Values from clients, brought to the types of their attributes (RFC 7643 section 2).
//!
//! Real clients bend the types: Entra ID sends booleans as strings, a manager as a string or as an array of one, and lists of
//! one as the object. What can only mean one thing is taken; anything else is refused by the name of its attribute.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use palisade_envelope::{Error, Result};
use serde_json::{Map, Value};

use crate::error::{invalid_syntax, invalid_value, too_large};
use crate::limits;
use crate::schema::{Attribute, Kind};

/// Where a value stands, for errors.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) extension: Option<&'a str>,
    pub(crate) attribute: &'a Attribute,
    pub(crate) sub: Option<&'a Attribute>,
}

impl At<'_> {
    pub(crate) fn expected(self, what: &str) -> Error {
        invalid_value(&self.to_string(), what)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = self.extension {
            write!(f, "{urn}:")?;
        }
        f.write_str(self.attribute.name())?;
        match self.sub {
            Some(sub) => write!(f, ".{}", sub.name()),
            None => Ok(()),
        }
    }
}

/// Null, an empty string, an empty list and an empty object say that there is no value (RFC 7643 section 2.5).
pub(crate) fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A boolean as clients write it in a string.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") || text == "1" {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") || text == "0" {
        Some(false)
    } else {
        None
    }
}

/// A point in time (xsd:dateTime, RFC 7643 section 2.3.5); one without an offset is in UTC.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    text.parse::<NaiveDateTime>()
        .ok()
        .map(|time| time.and_utc())
}

/// The value of a whole attribute as it is kept, or none where the client says that there is none.
pub(crate) fn whole(at: At<'_>, value: &Value) -> Result<Option<Value>> {
    if at.attribute.is_multi_valued() {
        let items = list(at, value)?;
        return Ok((!items.is_empty()).then_some(Value::Array(items)));
    }
    single(at, value)
}

/// The values of a list; an object or a string that stands alone is a list of one.
pub(crate) fn list(at: At<'_>, value: &Value) -> Result<Vec<Value>> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    let most = if at.attribute.is_membership() {
        limits::MAX_MEMBERS_NAMED
    } else {
        limits::MAX_VALUES
    };
    if items.len() > most {
        return Err(too_large(format!(
            "`{at}` can have {most} values in a request"
        )));
    }
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        if item.is_array() {
            return Err(at.expected("a list of values, not of lists"));
        }
        kept.extend(element(at, item)?);
    }
    if kept.iter().filter(|item| is_primary(item)).count() > 1 {
        return Err(at.expected("one value at most with `primary` of true"));
    }
    Ok(kept)
}

pub(crate) fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// The value of an attribute or a sub-attribute that is no list. A list of one is taken for its value.
pub(crate) fn single(at: At<'_>, value: &Value) -> Result<Option<Value>> {
    match value {
        Value::Array(items) => match items.as_slice() {
            [] => Ok(None),
            [Value::Array(_)] => Err(at.expected("a single value")),
            [one] => element(at, one),
            _ => Err(at.expected("a single value")),
        },
        other => element(at, other),
    }
}

/// One value: of a list, or of an attribute that is none.
pub(crate) fn element(at: At<'_>, value: &Value) -> Result<Option<Value>> {
    if is_unassigned(value) {
        return Ok(None);
    }
    let attribute = at.sub.unwrap_or(at.attribute);
    if attribute.kind() != Kind::Complex {
        return plain(at, attribute.kind(), value).map(Some);
    }
    let members = match value {
        Value::Object(members) => complex(at, members)?,
        Value::String(_) if attribute.sub_attribute("value").is_some() => {
            let mut alone = Map::new();
            alone.insert("value".to_owned(), value.clone());
            complex(at, &alone)?
        }
        _ => return Err(at.expected("an object")),
    };
    let members: Map<String, Value> = members
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    if members.is_empty() {
        return Ok(None);
    }
    if let Some(missing) = attribute
        .sub_attributes
        .iter()
        .find(|sub| sub.is_required() && !members.contains_key(sub.name()))
    {
        let at = At {
            sub: Some(missing),
            ..at
        };
        return Err(at.expected("a value"));
    }
    Ok(Some(Value::Object(members)))
}

/// The sub-attributes of an object, by their proper names; none where the client says that there is no value. Unknown ones
/// and those that only the service writes are left out.
pub(crate) fn complex(
    at: At<'_>,
    members: &Map<String, Value>,
) -> Result<Vec<(String, Option<Value>)>> {
    let mut kept: Vec<(String, Option<Value>)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        let Some(sub) = at.attribute.sub_attribute(name) else {
            continue;
        };
        if sub.is_read_only() {
            continue;
        }
        if kept.iter().any(|(name, _)| name == sub.name()) {
            return Err(invalid_syntax(format!(
                "`{at}.{}` stands twice",
                sub.name()
            )));
        }
        let at = At {
            sub: Some(sub),
            ..at
        };
        kept.push((sub.name().to_owned(), single(at, value)?));
    }
    Ok(kept)
}

fn plain(at: At<'_>, kind: Kind, value: &Value) -> Result<Value> {
    match (kind, value) {
        (_, Value::String(text)) => from_text(at, kind, text),
        (Kind::Boolean, Value::Bool(_)) | (Kind::Decimal, Value::Number(_)) => Ok(value.clone()),
        (Kind::Integer, Value::Number(number)) => match integer(number) {
            Some(integer) => Ok(integer.into()),
            None => Err(at.expected("a whole number")),
        },
        (Kind::Boolean, _) => Err(at.expected("true or false")),
        (Kind::Decimal, _) => Err(at.expected("a number")),
        (Kind::Integer, _) => Err(at.expected("a whole number")),
        (Kind::DateTime, _) => Err(at.expected("a time such as `2026-01-31T12:00:00Z`")),
        _ => Err(at.expected("a string")),
    }
}

fn from_text(at: At<'_>, kind: Kind, text: &str) -> Result<Value> {
    if text.len() > limits::MAX_STRING_BYTES {
        return Err(at.expected("at most 16 KiB"));
    }
    if text.contains('\0') {
        return Err(at.expected("text without the character U+0000"));
    }
    match kind {
        Kind::Boolean => boolean(text)
            .map(Value::Bool)
            .ok_or_else(|| at.expected("true or false")),
        Kind::Integer => text
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| at.expected("a whole number")),
        Kind::Decimal => serde_json::from_str(text)
            .map(Value::Number)
            .map_err(|_| at.expected("a number")),
        Kind::DateTime if instant(text).is_none() => {
            Err(at.expected("a time such as `2026-01-31T12:00:00Z`"))
        }
        Kind::Binary if !is_base64(text) => Err(at.expected("base64")),
        // Kept as it was sent: clients compare what they get with what they sent.
        _ => Ok(text.into()),
    }
}

fn integer(number: &serde_json::Number) -> Option<i64> {
    if let Some(integer) = number.as_i64() {
        return Some(integer);
    }
    let float = number.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it has no fraction and is within what a float tells apart"
    )]
    (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
}

/// Either alphabet, with or without padding and line breaks.
fn is_base64(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=\r\n".contains(&byte))
}

/// How many bytes a value takes, about.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(weight).sum::<usize>(),
        Value::Object(members) => {
            2 + members
                .iter()
                .map(|(name, value)| name.len() + 4 + weight(value))
                .sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

/// Refuses JSON that is nested too deep.
pub(crate) fn check_depth(value: &Value) -> Result<()> {
    fn deeper_than(value: &Value, left: usize) -> bool {
        match value {
            Value::Array(_) | Value::Object(_) if left == 0 => true,
            Value::Array(items) => items.iter().any(|item| deeper_than(item, left - 1)),
            Value::Object(members) => members.values().any(|item| deeper_than(item, left - 1)),
            _ => false,
        }
    }
    if deeper_than(value, limits::MAX_JSON_DEPTH) {
        return Err(invalid_syntax("the body is nested deeper than 32 levels"));
    }
    Ok(())
}

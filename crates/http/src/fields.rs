//! Reads the JSON bodies of `/v1`: each field by its name, with what was expected where it is wrong, and none left
//! over at the end.

use palisade_envelope::{Code, Error, Result};
use palisade_identity::{Timestamp, json};
use serde_json::{Map, Value};

/// What a merge patch says about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change<T> {
    /// The field was left out.
    Keep,
    /// It was `null`.
    Clear,
    /// It has this value.
    Set(T),
}

/// The fields of a body that have not been read yet.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// The fields of the object that this text is.
    ///
    /// # Errors
    /// `invalid_json`; `invalid_request` where it is no object.
    pub(crate) fn parse(body: &[u8]) -> Result<Self> {
        match json::parse(body)? {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(Error::field("body", "a JSON object")),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// `invalid_request` where it is not, or is no text.
    pub(crate) fn text(&mut self, name: &str) -> Result<String> {
        self.optional_text(name)?
            .ok_or_else(|| Error::field(name, "a string, which is required"))
    }

    /// A text that may be left out or `null`.
    ///
    /// # Errors
    /// `invalid_request` where it is no text.
    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::field(name, "a string")),
        }
    }

    /// A text, told apart from `null` and from nothing.
    ///
    /// # Errors
    /// `invalid_request` where it is no text.
    pub(crate) fn change(&mut self, name: &str) -> Result<Change<String>> {
        match self.0.remove(name) {
            None => Ok(Change::Keep),
            Some(Value::Null) => Ok(Change::Clear),
            Some(Value::String(text)) => Ok(Change::Set(text)),
            Some(_) => Err(Error::field(name, "a string or null")),
        }
    }

    /// A whole number in a range; `None` where left out.
    ///
    /// # Errors
    /// `invalid_request` where it is something else.
    pub(crate) fn optional_integer(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64().filter(|number| range.contains(number)) {
                Some(number) => Ok(Some(number)),
                None => Err(Error::field(
                    name,
                    format!("an integer from {} to {}", range.start(), range.end()),
                )),
            },
        }
    }

    /// A list of texts; empty where left out.
    ///
    /// # Errors
    /// `invalid_request` where it is something else.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        let wrong = || Error::field(name, "an array of strings");
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .into_iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text),
                    _ => Err(wrong()),
                })
                .collect(),
            Some(_) => Err(wrong()),
        }
    }

    /// An instant; `None` where left out.
    ///
    /// # Errors
    /// `invalid_request` where it is none in RFC 3339.
    pub(crate) fn optional_time(&mut self, name: &str) -> Result<Option<Timestamp>> {
        let wrong = || Error::field(name, "an RFC 3339 timestamp such as `2026-01-31T12:00:00Z`");
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                let instant = chrono::DateTime::parse_from_rfc3339(&text).map_err(|_| wrong())?;
                Ok(Some(instant.to_utc()))
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A JSON object that must be there.
    ///
    /// # Errors
    /// `invalid_request` where it is not.
    pub(crate) fn object(&mut self, name: &str) -> Result<Value> {
        match self.0.remove(name) {
            Some(object @ Value::Object(_)) => Ok(object),
            _ => Err(Error::field(name, "a JSON object, which is required")),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// `unknown_field` where fields are left, naming them and what the operation knows.
    pub(crate) fn finish(self, known: &[&str]) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let list = |names: &[&str]| {
            names
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let expected = if known.is_empty() {
            "no field here".to_owned()
        } else {
            format!("one of {}", list(known))
        };
        Err(Error::with_message(
            Code::UnknownField,
            format!("unknown field {}", list(&names)),
        )
        .detail("fields", names)
        .detail("expected", expected))
    }
}

/// A text of 1 to `most` characters without control characters.
///
/// # Errors
/// `invalid_request` naming the field.
pub(crate) fn bounded(name: &str, text: String, most: usize) -> Result<String> {
    let characters = text.chars().count();
    if (1..=most).contains(&characters) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(Error::field(
            name,
            format!("1 to {most} characters, none of them a control character"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_and_an_unknown_one_are_named() {
        let mut fields = Fields::parse(br#"{"name": 7, "colour": "red"}"#).expect("an object");
        assert_eq!(
            fields.text("name").expect_err("refused").envelope().details["field"],
            "name"
        );
        let error = fields.finish(&["name"]).expect_err("refused");
        assert_eq!(error.code(), Code::UnknownField);
        assert_eq!(
            error.envelope().details["fields"],
            serde_json::json!(["colour"])
        );
    }

    #[test]
    fn absent_null_and_value_are_three_things() {
        let mut fields = Fields::parse(br#"{"a": null, "b": "x"}"#).expect("an object");
        assert_eq!(fields.change("a").expect("read"), Change::Clear);
        assert_eq!(
            fields.change("b").expect("read"),
            Change::Set("x".to_owned())
        );
        assert_eq!(fields.change("c").expect("read"), Change::Keep);
    }

    #[test]
    fn an_array_is_no_body() {
        assert!(Fields::parse(b"[]").is_err());
    }
}

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

/// The fields of a body, or of an object in it, that have not been read yet.
pub(crate) struct Fields {
    left: Map<String, Value>,
    /// What stands before a field's name where it is of an object in the body.
    at: String,
}

impl Fields {
    /// The fields of the object that this text is.
    ///
    /// # Errors
    /// `invalid_json`; `invalid_request` where it is no object.
    pub(crate) fn parse(body: &[u8]) -> Result<Self> {
        match json::parse(body)? {
            Value::Object(left) => Ok(Self {
                left,
                at: String::new(),
            }),
            _ => Err(Error::field("body", "a JSON object")),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// `invalid_request` where it is not, or is no text.
    pub(crate) fn text(&mut self, name: &str) -> Result<String> {
        let at = self.named(name);
        self.optional_text(name)?
            .ok_or_else(|| Error::field(at, "a string, which is required"))
    }

    /// A text that may be left out or `null`.
    ///
    /// # Errors
    /// `invalid_request` where it is no text.
    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>> {
        let at = self.named(name);
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::field(at, "a string")),
        }
    }

    /// A text, told apart from `null` and from nothing.
    ///
    /// # Errors
    /// `invalid_request` where it is no text.
    pub(crate) fn change(&mut self, name: &str) -> Result<Change<String>> {
        let at = self.named(name);
        match self.left.remove(name) {
            None => Ok(Change::Keep),
            Some(Value::Null) => Ok(Change::Clear),
            Some(Value::String(text)) => Ok(Change::Set(text)),
            Some(_) => Err(Error::field(at, "a string or null")),
        }
    }

    /// `true` or `false`; `None` where left out.
    ///
    /// # Errors
    /// `invalid_request` where it is something else.
    pub(crate) fn optional_flag(&mut self, name: &str) -> Result<Option<bool>> {
        let at = self.named(name);
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Error::field(at, "`true` or `false`")),
        }
    }

    /// The fields of an object, told apart from `null` and from nothing.
    ///
    /// # Errors
    /// `invalid_request` where it is something else.
    pub(crate) fn changed_object(&mut self, name: &str) -> Result<Change<Self>> {
        if !self.has(name) {
            return Ok(Change::Keep);
        }
        Ok(self
            .optional_object(name)?
            .map_or(Change::Clear, Change::Set))
    }

    /// Whether the field was sent and not read yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// The names of the fields that have not been read yet.
    pub(crate) fn names(&self) -> Vec<String> {
        self.left.keys().cloned().collect()
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
        let at = self.named(name);
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64().filter(|number| range.contains(number)) {
                Some(number) => Ok(Some(number)),
                None => Err(Error::field(
                    at,
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
        Ok(self.optional_texts(name)?.unwrap_or_default())
    }

    /// A list of texts; `None` where left out.
    ///
    /// # Errors
    /// `invalid_request` where it is something else.
    pub(crate) fn optional_texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let at = self.named(name);
        let wrong = || Error::field(at.as_str(), "an array of strings");
        let items = match self.left.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(wrong()),
        };
        let texts = items.into_iter().map(|item| match item {
            Value::String(text) => Ok(text),
            _ => Err(wrong()),
        });
        texts.collect::<Result<_>>().map(Some)
    }

    /// An instant, cut to the microsecond, which is what the databases keep; `None` where left out.
    ///
    /// # Errors
    /// `invalid_request` where it is none in RFC 3339.
    pub(crate) fn optional_time(&mut self, name: &str) -> Result<Option<Timestamp>> {
        let at = self.named(name);
        let wrong = || {
            Error::field(
                at.as_str(),
                "an RFC 3339 timestamp such as `2026-01-31T12:00:00Z`",
            )
        };
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                let instant = chrono::DateTime::parse_from_rfc3339(&text).map_err(|_| wrong())?;
                Ok(Timestamp::from_timestamp_micros(instant.timestamp_micros()))
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A JSON object that must be there.
    ///
    /// # Errors
    /// `invalid_request` where it is not.
    pub(crate) fn object(&mut self, name: &str) -> Result<Value> {
        let at = self.named(name);
        match self.left.remove(name) {
            Some(object @ Value::Object(_)) => Ok(object),
            _ => Err(Error::field(at, "a JSON object, which is required")),
        }
    }

    /// Whatever it is; `None` where left out or `null`.
    pub(crate) fn optional_value(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    /// An object as it is; `None` where left out or `null`.
    ///
    /// # Errors
    /// `invalid_request` where it is something else.
    pub(crate) fn optional_map(&mut self, name: &str) -> Result<Option<Map<String, Value>>> {
        let at = self.named(name);
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(Error::field(at, "a JSON object")),
        }
    }

    /// The fields of an object; `None` where left out.
    ///
    /// # Errors
    /// `invalid_request` where it is something else.
    pub(crate) fn optional_object(&mut self, name: &str) -> Result<Option<Self>> {
        let at = self.named(name);
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(left)) => Ok(Some(Self {
                left,
                at: format!("{at}."),
            })),
            Some(_) => Err(Error::field(at, "a JSON object")),
        }
    }

    /// The fields of each object of a list; empty where left out.
    ///
    /// # Errors
    /// `invalid_request` where it is something else.
    pub(crate) fn objects(&mut self, name: &str) -> Result<Vec<Self>> {
        let at = self.named(name);
        let items = match self.left.remove(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(Error::field(at, "an array of JSON objects")),
        };
        let fields = items
            .into_iter()
            .enumerate()
            .map(|(place, item)| match item {
                Value::Object(left) => Ok(Self {
                    left,
                    at: format!("{at}[{place}]."),
                }),
                _ => Err(Error::field(format!("{at}[{place}]"), "a JSON object")),
            });
        fields.collect()
    }

    /// The whole name of a field, as errors tell it.
    pub(crate) fn named(&self, name: &str) -> String {
        format!("{}{name}", self.at)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// `unknown_field` where fields are left, naming them and what the operation knows.
    pub(crate) fn finish(self, known: &[&str]) -> Result<()> {
        if self.left.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = self.left.keys().map(|name| self.named(name)).collect();
        let list = |names: &[String]| {
            names
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let expected = if known.is_empty() {
            "no field here".to_owned()
        } else {
            let known: Vec<String> = known.iter().map(|name| self.named(name)).collect();
            format!("one of {}", list(&known))
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
    fn an_instant_is_cut_to_what_a_later_read_says() {
        let mut fields =
            Fields::parse(br#"{"at": "2026-01-31T12:00:00.123456789+01:00"}"#).expect("an object");
        let at = fields.optional_time("at").expect("read").expect("is there");
        assert_eq!(at.to_rfc3339(), "2026-01-31T11:00:00.123456+00:00");
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
    fn a_field_of_an_object_in_the_body_is_named_with_its_way() {
        let mut fields = Fields::parse(br#"{"a": [{"b": 7}, {"c": 1}], "d": {"e": "x"}, "n": 4}"#)
            .expect("an object");
        let mut list = fields.objects("a").expect("objects");
        let error = list[0].text("b").expect_err("refused");
        assert_eq!(error.envelope().details["field"], "a[0].b");
        let error = list.remove(1).finish(&["b"]).expect_err("refused");
        assert_eq!(
            error.envelope().details["fields"],
            serde_json::json!(["a[1].c"])
        );
        let mut object = fields
            .optional_object("d")
            .expect("an object")
            .expect("is there");
        assert!(object.optional_time("e").is_err());
        assert_eq!(fields.optional_integer("n", 0..=9).expect("read"), Some(4));
        fields.finish(&[]).expect("nothing is left");
    }

    #[test]
    fn an_array_is_no_body() {
        assert!(Fields::parse(b"[]").is_err());
    }
}

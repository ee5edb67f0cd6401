//! JSON from outside, parsed with care: bounded nesting, no member twice, errors with line and column.

use std::fmt;

use palisade_envelope::{Code, Error, Result};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, error::Category};

/// The deepest nesting that a body may have; `[[1]]` is two deep.
pub const MAX_DEPTH: usize = 64;

/// Member names that `serde_json` gives a meaning of its own: a value under them would not be read back as written.
const RESERVED: &str = "$serde_json::private::";

/// Parses one JSON value: at most [`MAX_DEPTH`] deep, no member twice in an object.
///
/// # Errors
/// `invalid_json` with `details.line` and `details.column`: where reading stopped.
pub fn parse(body: &[u8]) -> Result<Value> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::with_message(
            Code::InvalidJson,
            "the request body is empty; expected JSON",
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = Node { depth: 0 }
        .deserialize(&mut deserializer)
        .map_err(|error| invalid(&error))?;
    deserializer.end().map_err(|error| invalid(&error))?;
    Ok(value)
}

fn invalid(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    // The text ends with the position, which stands in the details as well.
    let full = error.to_string();
    let position = format!(" at line {line} column {column}");
    let reason = match error.classify() {
        Category::Eof => "it ends too early",
        _ => full.strip_suffix(&position).unwrap_or(&full),
    };
    Error::with_message(
        Code::InvalidJson,
        format!("the request body is not valid JSON: {reason} (line {line}, column {column})"),
    )
    .detail("line", line)
    .detail("column", column)
}

/// Deserializes a value that sits `depth` levels deep.
#[derive(Clone, Copy)]
struct Node {
    depth: usize,
}

impl Node {
    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!(
                "it is nested deeper than {MAX_DEPTH} levels"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!(
                    "the member `{}` stands twice",
                    shortened(&name)
                )));
            }
            if name.starts_with(RESERVED) {
                return Err(A::Error::custom(
                    "member names that start with `$serde_json` are reserved",
                ));
            }
            members.insert(name, access.next_value_seed(below)?);
        }
        Ok(Value::Object(members))
    }
}

/// A name from outside, short enough for an error message.
pub(crate) fn shortened(name: &str) -> String {
    const MOST: usize = 80;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(body: &str) -> Error {
        let error = parse(body.as_bytes()).expect_err(body);
        assert_eq!(error.code(), Code::InvalidJson);
        error
    }

    #[test]
    fn broken_json_is_refused_with_line_and_column() {
        let error = refused("{\n  \"a\": x\n}");
        assert_eq!(
            (
                &error.envelope().details["line"],
                &error.envelope().details["column"]
            ),
            (&2.into(), &8.into())
        );
        for body in [
            "",
            "  \n",
            "{",
            "[1,]",
            "{\"a\":1} x",
            "nul",
            "\"\\ud800\"",
            "1e999",
            "{'a':1}",
        ] {
            refused(body);
        }
        parse(b"\xff\xfe").expect_err("not UTF-8");
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_by_name() {
        assert!(
            refused(r#"{"a":1,"b":{"c":1,"c":2}}"#)
                .envelope()
                .message
                .contains("`c`")
        );
    }

    #[test]
    fn abuse_53_ten_thousand_levels_are_refused_and_do_not_overflow_the_stack() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = |levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
            assert!(parse(deep(MAX_DEPTH).as_bytes()).is_ok());
            assert!(
                refused(&deep(MAX_DEPTH + 1))
                    .envelope()
                    .message
                    .contains("nested deeper than 64")
            );
            refused(&deep(10_000));
            refused(&open.repeat(1_000_000));
        }
    }

    #[test]
    fn names_that_the_parser_itself_would_read_otherwise_are_refused() {
        refused(r#"{"traits":{"$serde_json::private::RawValue":"1"}}"#);
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(parse(&body));
        }

        #[test]
        fn what_is_valid_is_read_like_everywhere_else(text in "[\\[\\]{}\",:a0-9.e\\- ]{0,30}") {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).expect("valid"));
            }
        }
    }
}

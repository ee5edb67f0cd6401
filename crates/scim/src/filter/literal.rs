//! Values in filters, brought to the type of the attribute that they are compared with.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Operator;
use super::fault::Fault;
use crate::schema::{Attribute, Kind};
use crate::value::instant;

/// A value of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// For strings, references and binaries.
    Text(Text),
    /// For booleans.
    Boolean(bool),
    /// For integers and decimals.
    Integer(i64),
    /// For decimals, and for integers that are compared with a fraction.
    Decimal(f64),
    /// For points in time.
    Instant(DateTime<Utc>),
}

/// Text of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    sent: String,
    folded: Option<String>,
}

/// Text as it is compared where case does not count. What is stored for comparison is folded by this function too.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

impl Text {
    fn new(sent: &str, attribute: &Attribute) -> Self {
        Self {
            sent: sent.to_owned(),
            folded: (!attribute.is_case_exact()).then(|| fold(sent)),
        }
    }

    /// As the client wrote it.
    pub fn sent(&self) -> &str {
        &self.sent
    }

    /// As it is compared: folded, unless the attribute is compared letter by letter.
    pub fn compared(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.sent)
    }

    /// Whether it is compared without regard to case: then the other side has to be [`fold`]ed.
    pub fn is_folded(&self) -> bool {
        self.folded.is_some()
    }
}

/// A value as it stands in the text of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw<'a> {
    Quoted(&'a str),
    /// Without quotes, and neither `true`, `false` nor `null`.
    Bare(&'a str),
    Boolean(bool),
}

/// Types the value, and checks that the operator goes with the attribute.
pub(crate) fn typed(
    attribute: &Attribute,
    operator: Operator,
    raw: &Raw<'_>,
    at: usize,
) -> Result<Literal, Fault> {
    let name = attribute.name();
    let no_operator = |kind: &str, instead: &str| {
        Err(Fault::new(at, format!("`{name}` is {kind}"))
            .hint(format!("compare it with {instead}")))
    };
    match attribute.kind() {
        Kind::Boolean if operator.is_of_text() || operator.is_of_order() => {
            no_operator("a boolean", "`eq` or `ne`")
        }
        Kind::Binary if operator.is_of_order() => no_operator("binary", "`eq` or `ne`"),
        Kind::Integer | Kind::Decimal if operator.is_of_text() => {
            no_operator("a number", "`eq`, `ne`, `gt`, `ge`, `lt` or `le`")
        }
        Kind::DateTime if operator.is_of_text() => {
            no_operator("a point in time", "`eq`, `ne`, `gt`, `ge`, `lt` or `le`")
        }
        Kind::String | Kind::Reference | Kind::Binary => match raw {
            Raw::Quoted(text) | Raw::Bare(text) => Ok(Literal::Text(Text::new(text, attribute))),
            Raw::Boolean(_) => mismatch(at, name, "a string in double quotes"),
        },
        Kind::Boolean => match raw {
            Raw::Boolean(value) => Ok(Literal::Boolean(*value)),
            Raw::Quoted(text) | Raw::Bare(text) => match crate::value::boolean(text) {
                Some(value) => Ok(Literal::Boolean(value)),
                None => mismatch(at, name, "`true` or `false`"),
            },
        },
        Kind::Integer | Kind::Decimal => match raw {
            Raw::Quoted(text) | Raw::Bare(text) => match number(text) {
                Some(number) => Ok(number),
                None => mismatch(at, name, "a number"),
            },
            Raw::Boolean(_) => mismatch(at, name, "a number"),
        },
        Kind::DateTime => match raw {
            Raw::Quoted(text) | Raw::Bare(text) => match instant(text) {
                Some(instant) => Ok(Literal::Instant(instant)),
                None => mismatch(at, name, "a time such as `\"2026-01-31T12:00:00Z\"`"),
            },
            Raw::Boolean(_) => mismatch(at, name, "a time such as `\"2026-01-31T12:00:00Z\"`"),
        },
        Kind::Complex => Err(Fault::new(at, format!("`{name}` has no value of its own"))
            .hint("name a sub-attribute of it")),
    }
}

fn mismatch(at: usize, name: &str, expected: &str) -> Result<Literal, Fault> {
    Err(Fault::new(
        at,
        format!("`{name}` is compared with {expected}"),
    ))
}

fn number(text: &str) -> Option<Literal> {
    let number: serde_json::Number = serde_json::from_str(text).ok()?;
    match number.as_i64() {
        Some(integer) => Some(Literal::Integer(integer)),
        None => number.as_f64().map(Literal::Decimal),
    }
}

impl Literal {
    /// Whether `value operator literal` holds. A value of another type than the literal's is not equal to it.
    pub(crate) fn holds(&self, value: &Value, operator: Operator) -> bool {
        let order = match (self, value) {
            (Self::Text(text), Value::String(value)) => {
                return if text.is_folded() {
                    compare_text(&fold(value), text.compared(), operator)
                } else {
                    compare_text(value, text.compared(), operator)
                };
            }
            (Self::Boolean(literal), Value::Bool(value)) => Some(value.cmp(literal)),
            (Self::Integer(literal), Value::Number(value)) if value.is_i64() => {
                value.as_i64().map(|value| value.cmp(literal))
            }
            (Self::Integer(literal), Value::Number(value)) =>
            {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "the other side has a fraction, or is beyond any integer"
                )]
                value
                    .as_f64()
                    .and_then(|value| value.partial_cmp(&(*literal as f64)))
            }
            (Self::Decimal(literal), Value::Number(value)) => {
                value.as_f64().and_then(|value| value.partial_cmp(literal))
            }
            (Self::Instant(literal), Value::String(value)) => {
                instant(value).map(|value| value.cmp(literal))
            }
            _ => None,
        };
        match order {
            Some(order) => operator.holds(order),
            None => operator == Operator::NotEqual,
        }
    }

    /// The value, for an element that is made to fit a filter.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => text.sent().into(),
            Self::Boolean(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Decimal(value) => (*value).into(),
            Self::Instant(value) => crate::meta::time_text(*value).into(),
        }
    }
}

fn compare_text(value: &str, literal: &str, operator: Operator) -> bool {
    match operator {
        Operator::Contains => value.contains(literal),
        Operator::StartsWith => value.starts_with(literal),
        Operator::EndsWith => value.ends_with(literal),
        Operator::Equal => value == literal,
        _ => {
            let order: Ordering = value.cmp(literal);
            operator.holds(order)
        }
    }
}

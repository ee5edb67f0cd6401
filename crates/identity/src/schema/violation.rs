//! What is wrong with traits, in words that name the trait and hold none of its values.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
    paths::Location,
};
use palisade_envelope::{Code, Error};
use serde_json::{Value, json};

use crate::json::shortened;

/// How many faults one error lists.
const MAX_LISTED: usize = 20;

/// One fault.
pub(super) fn of(field: &str, expected: &str) -> Error {
    Error::with_message(
        Code::SchemaViolation,
        format!("`{field}`: expected {expected}"),
    )
    .detail("field", field)
    .detail("expected", expected)
}

/// The first faults as one error; `None` where there are none.
pub(super) fn all<'a>(faults: impl Iterator<Item = ValidationError<'a>>) -> Option<Error> {
    let faults: Vec<(String, String)> = faults
        .take(MAX_LISTED)
        .map(|fault| (field(&fault), expected(&fault)))
        .collect();
    let (field, expected) = faults.first()?;
    let listed: Vec<Value> = faults
        .iter()
        .map(|(field, expected)| json!({ "field": field, "expected": expected }))
        .collect();
    Some(of(field, expected).detail("errors", listed))
}

fn field(fault: &ValidationError<'_>) -> String {
    let path = dotted(fault.instance_path());
    match fault.kind() {
        Kind::Required {
            property: Value::String(name),
        } => format!("{path}.{name}"),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            match unexpected.as_slice() {
                [name] => format!("{path}.{}", shortened(name)),
                _ => path,
            }
        }
        _ => path,
    }
}

fn dotted(location: &Location) -> String {
    let segments: Vec<String> = location
        .iter()
        .map(|segment| shortened(&segment.to_string()))
        .collect();
    segments.join(".")
}

/// What the schema wants. Only words of the schema and names of members stand in it.
pub(super) fn expected(fault: &ValidationError<'_>) -> String {
    match fault.kind() {
        Kind::Required { .. } => "a value, because it is required".to_owned(),
        Kind::Type { kind } => types(kind),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!(
                "nothing, because the schema does not allow {}",
                names(unexpected)
            )
        }
        Kind::Format { format } => format!("a value in the format `{format}`"),
        Kind::Pattern { pattern } => format!("a value that matches the pattern `{pattern}`"),
        Kind::Enum { options } => format!("one of {options}"),
        Kind::Constant { expected_value } => format!("{expected_value}"),
        Kind::MinLength { limit } => format!("at least {limit} characters"),
        Kind::MaxLength { limit } => format!("at most {limit} characters"),
        Kind::MinItems { limit } => format!("at least {limit} items"),
        Kind::MaxItems { limit } => format!("at most {limit} items"),
        Kind::AdditionalItems { limit } => format!("at most {limit} items"),
        Kind::MinProperties { limit } => format!("at least {limit} members"),
        Kind::MaxProperties { limit } => format!("at most {limit} members"),
        Kind::Minimum { limit } => format!("{limit} or more"),
        Kind::Maximum { limit } => format!("{limit} or less"),
        Kind::ExclusiveMinimum { limit } => format!("more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Kind::UniqueItems => "items that differ from each other".to_owned(),
        Kind::FalseSchema => "nothing, because the schema does not allow it".to_owned(),
        Kind::AnyOf { .. } => "a value that fits one of the alternatives (`anyOf`)".to_owned(),
        Kind::OneOfNotValid { .. } => {
            "a value that fits one of the alternatives (`oneOf`)".to_owned()
        }
        Kind::OneOfMultipleValid { .. } => {
            "a value that fits only one of the alternatives (`oneOf`)".to_owned()
        }
        Kind::PropertyNames { .. } => {
            "member names that the schema allows (`propertyNames`)".to_owned()
        }
        other => format!("a value that the keyword `{}` allows", other.keyword()),
    }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => format!("the type `{one}`"),
        TypeKind::Multiple(many) => {
            let names: Vec<String> = many.iter().map(|one| format!("`{one}`")).collect();
            format!("one of the types {}", names.join(", "))
        }
    }
}

fn names(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(MAX_LISTED)
        .map(|name| format!("`{}`", shortened(name)))
        .collect();
    shown.join(", ")
}

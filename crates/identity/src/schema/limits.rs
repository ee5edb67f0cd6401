//! What a schema may cost.

use palisade_envelope::{Code, Error};
use serde_json::Value;

/// The longest document, as compact JSON, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;
/// The deepest nesting of subschemas, references followed.
pub const MAX_DEPTH: usize = 32;
/// The most subschemas, each reference counted as a copy of what it refers to: `anyOf` times `$ref` doubles with
/// every level.
pub const MAX_SUBSCHEMAS: usize = 2_000;
/// The longest regular expression, in bytes.
pub const MAX_PATTERN: usize = 512;
/// The most regular expressions, references followed.
pub const MAX_PATTERNS: usize = 100;
/// The most options of all `enum` together, references followed: a value is compared with each.
pub const MAX_OPTIONS: usize = 10_000;
/// The largest traits, as compact JSON, in bytes. What checking them costs is bounded by this and the caps above.
pub const MAX_TRAITS: usize = 256 * 1024;
/// The most values in traits, each member and item counted.
pub const MAX_VALUES: usize = 10_000;
/// The most identifiers of one credential, or addresses of one kind, that traits may give an identity.
pub const MAX_DERIVED: usize = 250;
/// How large one compiled regular expression may become, in bytes.
pub(super) const COMPILED_PATTERN: usize = 512 * 1024;

/// 422 that names the place, as a JSON Pointer in a URI fragment (`#/properties/traits`).
pub(super) fn refuse(path: &str, reason: impl Into<String>) -> Error {
    let reason = reason.into();
    Error::with_message(
        Code::InvalidDocument,
        format!("the identity schema is not acceptable at `{path}`: {reason}"),
    )
    .detail("path", path)
    .detail("reason", reason)
}

/// The place of a member.
pub(super) fn member(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Whether the value is nested deeper than `most`; never looks deeper than that.
pub(super) fn deeper_than(value: &Value, most: usize) -> bool {
    let Some(below) = most.checked_sub(1) else {
        return true;
    };
    match value {
        Value::Array(items) => items.iter().any(|item| deeper_than(item, below)),
        Value::Object(members) => members.values().any(|member| deeper_than(member, below)),
        _ => false,
    }
}

/// The number of values in this one, itself included.
pub(super) fn values(value: &Value) -> usize {
    let below: usize = match value {
        Value::Array(items) => items.iter().map(values).sum(),
        Value::Object(members) => members.values().map(values).sum(),
        _ => 0,
    };
    below + 1
}

//! The message of a PATCH.

use palisade_envelope::Result;
use serde_json::{Map, Value};

use crate::error::{invalid_syntax, shortened, too_large};
use crate::{limits, value};

/// The operations of a PATCH.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchRequest {
    /// In the order in which they are done; at least one.
    pub operations: Vec<PatchOperation>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchOperation {
    /// What to do.
    pub kind: OperationKind,
    /// Where, as the client wrote it.
    pub path: Option<String>,
    /// With what.
    pub value: Option<Value>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Adds to what is there.
    Add,
    /// Takes away.
    Remove,
    /// Puts in the place of what is there.
    Replace,
}

impl PatchRequest {
    /// Reads the message. Names of members and of operations may be in any case; `schemas` is not asked for.
    ///
    /// # Errors
    /// `invalidSyntax` where it is no such message; 413 where it has too many operations.
    pub fn parse(body: &Value) -> Result<Self> {
        value::check_depth(body)?;
        let Value::Object(body) = body else {
            return Err(invalid_syntax("the body must be a JSON object"));
        };
        let operations = match member(body, "operations")? {
            Some(Value::Array(operations)) => operations.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => return Err(invalid_syntax("`Operations` must be a list of operations")),
        };
        if operations.is_empty() {
            return Err(invalid_syntax("`Operations` must have an operation"));
        }
        if operations.len() > limits::MAX_PATCH_OPERATIONS {
            return Err(too_large(format!(
                "a PATCH can have {} operations",
                limits::MAX_PATCH_OPERATIONS
            )));
        }
        let operations = operations
            .iter()
            .enumerate()
            .map(|(index, operation)| {
                operation_of(operation)
                    .map_err(|what| invalid_syntax(format!("`Operations[{index}]`: {what}")))
            })
            .collect::<Result<_>>()?;
        Ok(Self { operations })
    }
}

/// A member of a message, by its name in any case.
fn member<'a>(of: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Value>> {
    let mut found = of.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let first = found.next().map(|(_, value)| value);
    if found.next().is_some() {
        return Err(invalid_syntax(format!("`{name}` stands twice")));
    }
    Ok(first)
}

fn operation_of(operation: &Value) -> Result<PatchOperation, String> {
    let said = |error: palisade_envelope::Error| error.envelope().message.to_string();
    let Value::Object(operation) = operation else {
        return Err("expected an object".to_owned());
    };
    let kind = match member(operation, "op").map_err(said)? {
        Some(Value::String(op)) => kind(op).ok_or_else(|| {
            let op = shortened(op);
            format!("`op` is `{op}`; expected `add`, `remove` or `replace`")
        })?,
        _ => return Err("expected `op` of `add`, `remove` or `replace`".to_owned()),
    };
    let path = match member(operation, "path").map_err(said)? {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) if path.trim().is_empty() => None,
        Some(Value::String(path)) => Some(path.clone()),
        Some(_) => return Err("`path` must be a string".to_owned()),
    };
    let value = member(operation, "value").map_err(said)?.cloned();
    Ok(PatchOperation { kind, path, value })
}

fn kind(op: &str) -> Option<OperationKind> {
    [
        ("add", OperationKind::Add),
        ("remove", OperationKind::Remove),
        ("replace", OperationKind::Replace),
    ]
    .into_iter()
    .find(|(name, _)| name.eq_ignore_ascii_case(op.trim()))
    .map(|(_, kind)| kind)
}

//! JSON Patch (RFC 6902) as the Ory dialect speaks it: all six operations, with Ory's leniencies, and with caps.
//!
//! The leniencies: `replace` of a member that is not there adds it; `add` makes the parents that are not there, or
//! are `null`.

mod apply;
mod pointer;

use palisade_envelope::{Code, Error, Result};
use serde_json::Value;

use crate::decode::{Object, Unknown};

pub use apply::MAX_DOCUMENT;
pub use pointer::Pointer;

/// What is said of a body that is JSON and no patch; Ory's words.
pub const UNREADABLE: &str = "failed to unmarshal JSON patch";

/// The most operations of one patch.
pub const MAX_OPERATIONS: usize = 100;

/// A parsed patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    operations: Vec<Operation>,
}

/// One operation of a patch.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Adds a member, or inserts an element.
    Add {
        /// Where.
        path: Pointer,
        /// What.
        value: Value,
    },
    /// Removes what must be there.
    Remove {
        /// Where.
        path: Pointer,
    },
    /// Replaces a value.
    Replace {
        /// Where.
        path: Pointer,
        /// With what.
        value: Value,
    },
    /// Removes from one place and adds to another.
    Move {
        /// From where.
        from: Pointer,
        /// To where.
        path: Pointer,
    },
    /// Adds a copy.
    Copy {
        /// Of what.
        from: Pointer,
        /// To where.
        path: Pointer,
    },
    /// Goes on only if the value is equal.
    Test {
        /// Where.
        path: Pointer,
        /// The value that must be there.
        value: Value,
    },
}

impl Operation {
    /// Every place that the operation names.
    pub fn pointers(&self) -> impl Iterator<Item = &Pointer> {
        let (path, from) = match self {
            Self::Add { path, .. }
            | Self::Remove { path }
            | Self::Replace { path, .. }
            | Self::Test { path, .. } => (path, None),
            Self::Move { from, path } | Self::Copy { from, path } => (path, Some(from)),
        };
        from.into_iter().chain(Some(path))
    }
}

impl Patch {
    /// Reads a patch: a list of at most [`MAX_OPERATIONS`] operations.
    ///
    /// # Errors
    /// `invalid_patch`, with the place in `details.field` (`3.path`).
    pub fn from_value(value: Value) -> Result<Self> {
        let Value::Array(items) = value else {
            return Err(invalid(UNREADABLE).detail("expected", "a list of JSON Patch operations"));
        };
        if items.len() > MAX_OPERATIONS {
            return Err(invalid(format!("more than {MAX_OPERATIONS} operations")));
        }
        let operations = items
            .into_iter()
            .enumerate()
            .map(|(index, item)| operation(index, item))
            .collect::<Result<_>>()?;
        Ok(Self { operations })
    }

    /// The operations in their order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Applies the operations one after the other. On an error the document may be changed in part: give a copy.
    ///
    /// # Errors
    /// `invalid_patch` when an operation can't be applied or a `test` fails, `body_too_large` when the document
    /// becomes larger than [`MAX_DOCUMENT`] on the way.
    pub fn apply(&self, document: &mut Value) -> Result<()> {
        for (index, operation) in self.operations.iter().enumerate() {
            apply::operation(document, operation)
                .map_err(|error| error.detail("operation", index))?;
            apply::check_size(document).map_err(|error| error.detail("operation", index))?;
        }
        Ok(())
    }
}

fn operation(index: usize, item: Value) -> Result<Operation> {
    read(index, item).map_err(|error| {
        // The envelope of a wrong field, under the code of patches.
        let mut refused = invalid(error.envelope().message.clone());
        for (key, value) in &error.envelope().details {
            refused = refused.detail(key, value.clone());
        }
        refused
    })
}

fn read(index: usize, item: Value) -> Result<Operation> {
    let mut object = Object::new(item, index.to_string(), Unknown::Ignored)?;
    let op = object
        .string("op")?
        .ok_or_else(|| object.wrong("op", OPERATIONS))?;
    let path = pointer(&mut object, "path")?;
    match op.as_str() {
        "add" => Ok(Operation::Add {
            path,
            value: value(&mut object)?,
        }),
        "remove" => Ok(Operation::Remove { path }),
        "replace" => Ok(Operation::Replace {
            path,
            value: value(&mut object)?,
        }),
        "move" => Ok(Operation::Move {
            from: pointer(&mut object, "from")?,
            path,
        }),
        "copy" => Ok(Operation::Copy {
            from: pointer(&mut object, "from")?,
            path,
        }),
        "test" => Ok(Operation::Test {
            path,
            value: value(&mut object)?,
        }),
        _ => Err(object.wrong("op", OPERATIONS)),
    }
}

const OPERATIONS: &str = "`add`, `remove`, `replace`, `move`, `copy` or `test`";

fn pointer(object: &mut Object, name: &str) -> Result<Pointer> {
    let text = object
        .string(name)?
        .ok_or_else(|| object.wrong(name, "a JSON Pointer such as `/traits/email`"))?;
    Pointer::parse(text).ok_or_else(|| object.wrong(name, "a JSON Pointer such as `/traits/email`"))
}

fn value(object: &mut Object) -> Result<Value> {
    object
        .raw("value")
        .ok_or_else(|| object.wrong("value", "a value; `null` is one"))
}

/// 400 `invalid_patch` with this sentence.
pub(crate) fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::with_message(Code::InvalidPatch, message)
}

#[cfg(test)]
mod tests;

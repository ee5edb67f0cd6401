//! Takes the members of a JSON object one by one; what is left over at the end was unknown.

use palisade_envelope::{Code, Error, Result};
use serde_json::{Map, Value};

use crate::json::shortened;

/// What happens to members that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// They are refused by name.
    Refused,
    /// They are ignored.
    Ignored,
}

/// An object being read. A member that is `null` counts as absent, unless it is taken with [`Object::raw`].
pub(crate) struct Object {
    path: String,
    members: Map<String, Value>,
    unknown: Unknown,
}

impl Object {
    pub(crate) fn new(value: Value, path: impl Into<String>, unknown: Unknown) -> Result<Self> {
        let path = path.into();
        match value {
            Value::Object(members) => Ok(Self {
                path,
                members,
                unknown,
            }),
            _ if path.is_empty() => Err(Error::with_message(
                Code::InvalidRequest,
                "expected the request body to be an object",
            )
            .detail("expected", "an object")),
            _ => Err(Error::field(path, "an object")),
        }
    }

    /// The full name of a member, for errors.
    pub(crate) fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// What happens to members that nobody asked for.
    pub(crate) const fn unknown(&self) -> Unknown {
        self.unknown
    }

    /// Whether the member is there and not `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// Whether the member is there with something in it: no empty text or list, not `null`, not `false`.
    pub(crate) fn is_filled(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => true,
        })
    }

    /// The member as it is, `null` included.
    pub(crate) fn raw(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    pub(crate) fn any(&mut self, name: &str) -> Option<Value> {
        self.raw(name).filter(|value| !value.is_null())
    }

    pub(crate) fn string(&mut self, name: &str) -> Result<Option<String>> {
        match self.any(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.any(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong(name, "`true` or `false`")),
        }
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>> {
        match self.any(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(self.wrong(name, "a list")),
        }
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Self>> {
        let path = self.path(name);
        self.any(name)
            .map(|value| Self::new(value, path, self.unknown))
            .transpose()
    }

    /// The error for a member with a wrong value.
    pub(crate) fn wrong(&self, name: &str, expected: impl Into<String>) -> Error {
        Error::field(self.path(name), expected)
    }

    /// Ends the reading.
    pub(crate) fn end(self) -> Result<()> {
        match self.members.keys().next() {
            Some(name) if self.unknown == Unknown::Refused => {
                let path = self.path(&shortened(name));
                Err(
                    Error::with_message(Code::UnknownField, format!("unknown field `{path}`"))
                        .detail("field", path),
                )
            }
            _ => Ok(()),
        }
    }
}

//! The one error value.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Code, Notice};

/// A refusal or a failure: what the caller is told, and apart from it what only the log is told.
///
/// The public part ([`Envelope`]) and the private cause are two fields that can't mix: renderers take
/// [`Error::envelope`], the log takes [`Error::cause`].
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    envelope: Envelope,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The body of every error reply: `{"code","message","details"?,"notices"?}`.
#[derive(Clone, Debug, Serialize)]
pub struct Envelope {
    /// From the registry; callers branch on it.
    pub code: Code,
    /// One sentence for a person.
    pub message: Cow<'static, str>,
    /// What exactly is wrong where: `field`, `expected`, `conflicts`, `errors`...
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
    /// What the determining policies say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

impl Error {
    /// The code with its own sentence.
    pub fn new(code: Code) -> Self {
        Self::with_message(code, code.sentence())
    }

    /// The code with a more exact sentence. User input in it stands in backticks.
    pub fn with_message(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            envelope: Envelope {
                code,
                message: message.into(),
                details: Map::new(),
                notices: Vec::new(),
            },
            cause: None,
        }))
    }

    /// A wrong value: names the field and what was expected there.
    pub fn field(field: impl Into<String>, expected: impl Into<String>) -> Self {
        let (field, expected) = (field.into(), expected.into());
        Self::with_message(
            Code::InvalidRequest,
            format!("`{field}`: expected {expected}"),
        )
        .detail("field", field)
        .detail("expected", expected)
    }

    /// A value that is taken. `fields` are paths such as `external_id` or `credentials.password.identifiers`;
    /// the other holder is never named.
    pub fn conflict<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        let conflicts: Vec<Value> = fields
            .into_iter()
            .map(|field| serde_json::json!({ "field": field }))
            .collect();
        Self::new(Code::Conflict).detail("conflicts", conflicts)
    }

    /// A fault of ours: the caller gets one constant sentence, the log gets the cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal).caused_by(cause)
    }

    /// Adds a detail for the caller.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.envelope.details.insert(key.to_owned(), value.into());
        self
    }

    /// Says it in other words to the caller; the code stays.
    #[must_use]
    pub fn reworded(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.envelope.message = message.into();
        self
    }

    /// Adds the notices of the determining policies.
    #[must_use]
    pub fn notices(mut self, notices: Vec<Notice>) -> Self {
        self.0.envelope.notices = notices;
        self
    }

    /// Adds the cause, for the log only.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.envelope.code
    }

    /// What the caller is told.
    pub fn envelope(&self) -> &Envelope {
        &self.0.envelope
    }

    /// What only the log is told.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {}",
            self.0.envelope.code.as_str(),
            self.0.envelope.message
        )
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .cause
            .as_deref()
            .map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_has_the_seeds_four_fields_and_leaves_out_the_empty_ones() {
        let plain =
            serde_json::to_value(Error::new(Code::NotFound).envelope()).expect("serializes");
        assert_eq!(
            plain,
            serde_json::json!({"code": "not_found", "message": "the resource was not found"})
        );
        let full = Error::field("state", "`active` or `inactive`")
            .notices(vec![Notice::new("ask security")]);
        let full = serde_json::to_value(full.envelope()).expect("serializes");
        assert_eq!(full["details"]["field"], "state");
        assert_eq!(full["notices"], serde_json::json!(["ask security"]));
    }

    #[test]
    fn the_cause_never_reaches_the_envelope() {
        let error = Error::internal("password=hunter2");
        let body = serde_json::to_string(error.envelope()).expect("serializes");
        assert!(!body.contains("hunter2"));
        assert!(error.cause().is_some());
    }
}

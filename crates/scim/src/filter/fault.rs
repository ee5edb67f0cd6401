//! What is wrong with a filter or a path, and where.

use palisade_envelope::Error;

use crate::error::{ScimType, refusal};
use crate::path::Unknown;

/// A fault at a byte of the text.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    what: String,
    hint: Option<String>,
    scim_type: Option<ScimType>,
}

impl Fault {
    pub(crate) fn new(at: usize, what: impl Into<String>) -> Self {
        Self {
            at,
            what: what.into(),
            hint: None,
            scim_type: None,
        }
    }

    pub(crate) fn unknown(at: usize, unknown: Unknown) -> Self {
        Self {
            hint: unknown.hint,
            ..Self::new(at, unknown.what)
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A fault that has a keyword of its own, whatever it is found in.
    pub(crate) fn of_type(mut self, scim_type: ScimType) -> Self {
        self.scim_type = Some(scim_type);
        self
    }

    /// The refusal of a `thing` (a filter, a path) with this fault.
    pub(crate) fn refuse(self, thing: &str, scim_type: ScimType) -> Error {
        let at = self.at + 1;
        let mut sentence = format!(
            "the {thing} is not acceptable at position {at}: {}",
            self.what
        );
        if let Some(hint) = &self.hint {
            sentence.push_str("; ");
            sentence.push_str(hint);
        }
        let mut error =
            refusal(self.scim_type.unwrap_or(scim_type), sentence).detail("position", at);
        if let Some(hint) = self.hint {
            error = error.detail("hint", hint);
        }
        error
    }
}

//! What is wrong with a policy, and where.

use cedar_policy::ParseErrors;
use miette::Diagnostic;
use serde::Serialize;

/// One fault of a document: an entry of `details.errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The policy, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What may have been meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// A fault at this byte of the document.
    pub(crate) fn at(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let (line, column) = position(text, offset);
        Self {
            policy: None,
            line,
            column,
            message: message.into(),
            hint: None,
        }
    }

    /// With what may have been meant.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the policy's id.
    pub(crate) fn of(mut self, policy: &impl AsRef<str>) -> Self {
        self.policy = Some(policy.as_ref().to_owned());
        self
    }

    /// What the parser found.
    pub(crate) fn of_parse(errors: &ParseErrors, text: &str) -> Vec<Self> {
        errors
            .iter()
            .map(|error| Self::of_diagnostic(error, text))
            .collect()
    }

    /// Message, place and help of one of Cedar's errors or warnings.
    pub(crate) fn of_diagnostic(diagnostic: &(impl Diagnostic + ?Sized), text: &str) -> Self {
        let label = diagnostic.labels().and_then(|mut labels| labels.next());
        let offset = label.as_ref().map_or(0, |label| label.offset());
        let message = diagnostic.to_string();
        // "for policy `x`, ...": the id has a field of its own.
        let message = match message
            .strip_prefix("for policy `")
            .and_then(|rest| rest.split_once("`, "))
        {
            Some((_, rest)) => rest.to_owned(),
            None => message,
        };
        let help = diagnostic.help().map(|help| help.to_string());
        let expected = label.and_then(|label| label.label().map(str::to_owned));
        Self {
            hint: help.or(expected),
            ..Self::at(text, offset, message)
        }
    }
}

/// Line and column, from 1, of a byte of the text.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    (before.matches('\n').count() + 1, column + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let text = "ab\nüx\n";
        for (offset, expected) in [
            (0, (1, 1)),
            (1, (1, 2)),
            (3, (2, 1)),
            (5, (2, 2)),
            (7, (3, 1)),
            (99, (3, 1)),
        ] {
            assert_eq!(position(text, offset), expected);
        }
    }
}

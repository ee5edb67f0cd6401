//! What a policy has to say to the caller.

use std::sync::Arc;

use serde::Serialize;

/// Text that a determining policy addresses to the caller, from its `@notice` annotation. Plain text.
///
/// Only the text of a policy ever becomes a notice: never an attribute value, never policy source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Notice(Arc<str>);

impl Notice {
    /// The longest notice in characters; the rest is cut.
    pub const MAX_CHARS: usize = 500;

    /// A notice of this text, with control characters made spaces and the length capped, so that it can
    /// stand in a header or a log line.
    pub fn new(text: &str) -> Self {
        let clean: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(Self::MAX_CHARS)
            .collect();
        Self(clean.trim().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_cannot_break_out_of_a_header() {
        assert_eq!(
            Notice::new("ask\r\nSet-Cookie: x").as_str(),
            "ask  Set-Cookie: x"
        );
    }

    #[test]
    fn a_long_notice_is_cut_at_a_character() {
        assert_eq!(
            Notice::new(&"ü".repeat(900)).as_str().chars().count(),
            Notice::MAX_CHARS
        );
    }
}

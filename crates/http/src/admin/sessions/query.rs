//! What the query says of which sessions are listed and how they are shown.

use palisade_envelope::{Code, Error, Result};

use crate::{
    doc::{Kind, Param},
    query::Query,
};

/// `active`, as the document shows it.
pub(super) const ACTIVE: Param = Param::new(
    "active",
    Kind::Word(&[
        "true", "false", "1", "0", "t", "f", "T", "F", "TRUE", "FALSE", "True", "False",
    ]),
    "only sessions that count, or only those that do not",
);

/// `expand`, as the document shows it.
pub(super) const EXPAND: Param = Param::new(
    "expand",
    Kind::Words(&["identity", "devices"]),
    "what is shown with a session: `identity`, `devices`",
);

/// What is shown with a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Expand {
    pub(super) identity: bool,
    pub(super) devices: bool,
}

impl Expand {
    /// What the query asks for.
    ///
    /// # Errors
    /// `invalid_request` for a word that names nothing.
    pub(super) fn of(query: &Query) -> Result<Self> {
        let mut expand = Self::default();
        for word in query.all("expand").filter(|word| !word.is_empty()) {
            match word.to_ascii_lowercase().as_str() {
                "identity" => expand.identity = true,
                "devices" => expand.devices = true,
                _ => {
                    return Err(Error::with_message(
                        Code::InvalidRequest,
                        format!("Could not parse expand option: {word}"),
                    )
                    .detail("field", "expand")
                    .detail("expected", "`identity` or `devices`"));
                }
            }
        }
        Ok(expand)
    }
}

/// Which of active and inactive sessions the query asks for, in any of the words that Go reads a bool from.
///
/// # Errors
/// `invalid_request` for any other.
pub(super) fn active(query: &Query) -> Result<Option<bool>> {
    match query.first("active") {
        None => Ok(None),
        Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Ok(Some(true)),
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Ok(Some(false)),
        Some(_) => Err(Error::with_message(
            Code::InvalidRequest,
            "could not parse parameter active",
        )
        .detail("field", "active")
        .detail("expected", "`true` or `false`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expand_takes_its_words_in_any_case_and_names_a_wrong_one() {
        let expand = Expand::of(&Query::parse("expand=Identity&expand=DEVICES")).expect("known");
        assert!(expand.identity && expand.devices);
        let error = Expand::of(&Query::parse("expand=tokens")).expect_err("unknown");
        assert_eq!(
            error.envelope().message,
            "Could not parse expand option: tokens"
        );
    }

    #[test]
    fn active_is_read_as_go_reads_a_bool() {
        for (text, expected) in [
            ("active=T", Some(true)),
            ("active=0", Some(false)),
            ("active=", None),
            ("", None),
        ] {
            assert_eq!(active(&Query::parse(text)).expect("reads"), expected);
        }
        assert!(active(&Query::parse("active=yes")).is_err());
        assert!(active(&Query::parse("active=tRUE")).is_err());
    }
}

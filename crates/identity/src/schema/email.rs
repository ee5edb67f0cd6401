//! The format `email`.

use std::{borrow::Cow, sync::LazyLock};

use jsonschema::Validator;
use palisade_envelope::{Error, Result};
use serde_json::{Value, json};
use unicode_normalization::char::is_combining_mark;

use crate::normalize;

/// The library's own check, which knows ASCII only.
static ASCII: LazyLock<std::result::Result<Validator, String>> = LazyLock::new(|| {
    let options = jsonschema::options()
        .should_validate_formats(true)
        .offline();
    options
        .build(&json!({ "format": "email" }))
        .map_err(|error| error.to_string())
});

/// What tells addresses from other text. Schemas are compiled with it, so that none is there without it.
#[derive(Clone, Copy)]
pub(super) struct Emails(&'static Validator);

impl Emails {
    /// # Errors
    /// `internal` where the library's check can't be built.
    pub(super) fn new() -> Result<Self> {
        match &*ASCII {
            Ok(check) => Ok(Self(check)),
            Err(error) => Err(Error::internal(format!("the format `email`: {error}"))),
        }
    }

    /// Whether this is an e-mail address. Letters and digits of any script are allowed before the `@`, as RFC 6532 has
    /// it and as Ory takes them; the domain is in ASCII. Addresses are kept and compared in their normal form, so that
    /// has to be an address as well: what folds to an `@` or to nothing is none.
    pub(super) fn is_email(self, text: &str) -> bool {
        self.fits(text) && self.fits(&normalize::identifier(text))
    }

    fn fits(self, text: &str) -> bool {
        let text = match text.rsplit_once('@') {
            Some((local, domain)) if !local.is_ascii() => {
                let letter = |c: char| c.is_alphanumeric() || is_combining_mark(c);
                if local.chars().any(|c| !c.is_ascii() && !letter(c)) {
                    return false;
                }
                let stand_in = |c: char| if c.is_ascii() { c } else { 'x' };
                let local: String = local.chars().map(stand_in).collect();
                Cow::Owned(format!("{local}@{domain}"))
            }
            _ => Cow::Borrowed(text),
        };
        self.0.is_valid(&Value::String(text.into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_email(text: &str) -> bool {
        Emails::new().expect("is built").is_email(text)
    }

    #[test]
    fn letters_of_any_script_are_allowed_before_the_at_and_ascii_behind_it() {
        for address in [
            "ada@example.org",
            "j\u{f6}rg@example.org",
            "\u{ff45}ve@example.org",
            "\u{7528}\u{6237}@example.org",
        ] {
            assert!(is_email(address), "{address}");
        }
        for text in [
            "",
            "ada",
            "@example.org",
            "j\u{f6}rg",
            "j\u{f6}rg@",
            "\u{f6} x@example.org",
            "\u{f6}\u{a0}x@example.org",
            "\u{f6}\n@example.org",
            "\u{f6}@b@c.org",
        ] {
            assert!(!is_email(text), "{text:?}");
        }
    }
    #[test]
    fn what_is_an_address_is_one_in_its_normal_form_as_well() {
        for text in [
            // Nothing is left before the `@`.
            "\u{200b}@example.org",
            "\u{34f}@example.org",
            // Becomes a second `@`, a comma, dots, brackets.
            "ada\u{ff20}evil.example@example.org",
            "eve\u{ff0c}bob@example.org",
            "a\u{2026}b@example.org",
            "a\u{2474}b@example.org",
        ] {
            assert!(!is_email(text), "{text:?}");
        }
        for text in [
            "e\u{301}va@example.org",
            "\u{928}\u{92e}\u{94d}@example.org",
        ] {
            assert!(is_email(text), "{text:?}");
        }
    }
}

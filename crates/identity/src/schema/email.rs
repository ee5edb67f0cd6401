//! The format `email`.

use std::{borrow::Cow, sync::LazyLock};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The library's own check, which knows ASCII only; `None` if it could not be built, and then nothing is an address.
static ASCII: LazyLock<Option<Validator>> = LazyLock::new(|| {
    let options = jsonschema::options()
        .should_validate_formats(true)
        .offline();
    options.build(&json!({ "format": "email" })).ok()
});

/// Whether this is an e-mail address. Letters of any script are allowed before the `@`, as RFC 6532 has it and as Ory
/// takes them; the domain is in ASCII.
pub(super) fn is_email(text: &str) -> bool {
    let text = match text.rsplit_once('@') {
        Some((local, domain)) if !local.is_ascii() => {
            let stand_in = |c: char| {
                let letter = !c.is_ascii() && !c.is_control() && !c.is_whitespace();
                if letter { 'x' } else { c }
            };
            let local: String = local.chars().map(stand_in).collect();
            Cow::Owned(format!("{local}@{domain}"))
        }
        _ => Cow::Borrowed(text),
    };
    let text = Value::String(text.into_owned());
    ASCII.as_ref().is_some_and(|check| check.is_valid(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

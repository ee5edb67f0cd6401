//! E-mail addresses, as far as accounts are matched by them.

use crate::{change::MAX_IDENTIFIER, normalize};

/// An e-mail address in the normal form of identifiers, with exactly one `@`, and nothing quoted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email {
    normal: String,
    at: usize,
    plain: bool,
}

impl Email {
    /// The address that this text is; `None` where it is none that could be matched: several `@`, a quoted local part,
    /// white space, an empty side, more than 255 characters.
    pub fn parse(text: &str) -> Option<Self> {
        let normal = normalize::identifier(text);
        let at = normal.find('@')?;
        let (local, domain) = (normal.get(..at)?, normal.get(at + 1..)?);
        let bad = |c: char| {
            c.is_whitespace()
                || c.is_control()
                || matches!(
                    c,
                    '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '[' | ']' | '\\'
                )
        };
        if local.is_empty()
            || domain.contains('@')
            || !is_domain(domain)
            || normal.chars().any(bad)
            || normal.chars().count() > MAX_IDENTIFIER
        {
            return None;
        }
        let plain = text
            .chars()
            .map(|c| c.to_ascii_lowercase())
            .eq(normal.chars());
        Some(Self { normal, at, plain })
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.normal
    }

    /// What stands behind the `@`, in normal form.
    pub fn domain(&self) -> &str {
        self.normal.get(self.at + 1..).unwrap_or_default()
    }

    /// Whether the text was the normal form but for ASCII capitals. Letters of another width, invisible characters and
    /// the like are other letters to some mail systems, so nothing is done by itself with an address that had any.
    pub const fn is_plain(&self) -> bool {
        self.plain
    }
}

/// The normal form of a domain of e-mail addresses; `None` where it is none.
pub fn domain(text: &str) -> Option<String> {
    let normal = normalize::identifier(text);
    is_domain(&normal).then_some(normal)
}

/// Two labels at least, each of letters, digits and hyphens.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().count() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| {
                c.is_alphanumeric() || c == '-' || (!c.is_ascii() && !c.is_whitespace() && c != '.')
            })
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abuse_37_spellings_of_an_address_are_one_and_tricks_are_none() {
        let plain = Email::parse("Ada@Example.ORG").expect("is one");
        assert_eq!(
            (plain.as_str(), plain.domain(), plain.is_plain()),
            ("ada@example.org", "example.org", true)
        );
        for text in [
            "\u{ff41}da@example.org",
            "ada@example.org ",
            "a\u{200b}da@example.org",
            "ada@exa\u{ff4d}ple.org",
        ] {
            let folded = Email::parse(text).expect("is one");
            assert_eq!(folded.as_str(), plain.as_str(), "{text:?}");
            assert!(!folded.is_plain(), "{text:?}");
        }
        for text in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.org",
            "ada@example",
            "a@b@example.org",
            "\"a\"@example.org",
            "a b@example.org",
            "ada@example.org.",
            "ada@.org",
            "ada@-x.org",
            "ada@[127.0.0.1]",
            "<ada@example.org>",
            "ada@example.org,eve@example.org",
        ] {
            assert_eq!(Email::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn tags_dots_and_other_scripts_are_other_addresses() {
        let known = Email::parse("ada@example.org").expect("is one");
        for text in [
            "ada+x@example.org",
            "a.da@example.org",
            "\u{430}da@example.org",
            "ada@ex\u{430}mple.org",
            "ada@sub.example.org",
        ] {
            assert_ne!(
                Email::parse(text).expect("is one").as_str(),
                known.as_str(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn domains_have_a_normal_form_too() {
        assert_eq!(domain("Example.ORG").as_deref(), Some("example.org"));
        assert_eq!(domain("B\u{fc}cher.de").as_deref(), Some("b\u{fc}cher.de"));
        for text in [
            "*",
            "*.example.org",
            "",
            "org",
            "example..org",
            "a@example.org",
            "example.org/x",
        ] {
            assert_eq!(domain(text), None, "{text:?}");
        }
    }
}

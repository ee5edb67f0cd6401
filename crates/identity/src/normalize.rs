//! The one normal form in which identifiers and addresses are compared and kept.

use unicode_normalization::UnicodeNormalization as _;

/// The longest text that is taken for a phone number, in bytes.
const MAX_PHONE: usize = 40;

/// How often the steps are repeated until nothing changes. Two are enough for all known text; the bound only
/// keeps the loop from being endless.
const MAX_ROUNDS: usize = 8;

/// The normal form of an identifier or address: a valid phone number in E.164; everything else without invisible
/// characters, in NFKC (which folds width), in lower case and trimmed.
pub fn identifier(text: &str) -> String {
    if let Some(number) = phone(text) {
        return number;
    }
    let mut current = text.to_owned();
    for _ in 0..MAX_ROUNDS {
        let next = round(&current);
        if next == current {
            break;
        }
        current = next;
    }
    // Width folding can uncover a number.
    phone(&current).unwrap_or(current)
}

/// The E.164 form of an international phone number (it starts with `+`); `None` where it is not a valid one.
pub fn phone(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.strip_prefix('+')?;
    // The parser is only shown what can be a number.
    let plausible = text.len() <= MAX_PHONE
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')' | '/'))
        && digits.chars().filter(char::is_ascii_digit).count() >= 4;
    if !plausible {
        return None;
    }
    let number = phonenumber::parse(None, text).ok()?;
    phonenumber::is_valid(&number)
        .then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}

fn round(text: &str) -> String {
    let folded: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .nfkc()
        // Character by character: `str::to_lowercase` looks at the neighbours of a sigma.
        .flat_map(char::to_lowercase)
        .collect();
    folded.trim().to_owned()
}

/// Control characters and those that Unicode renders as nothing: two identifiers must not differ by them alone.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_width_white_space_and_invisible_characters_do_not_make_another_identifier() {
        for text in [
            "ada@example.org",
            " Ada@Example.ORG\t",
            "\u{ff41}da@example.org",
            "a\u{200b}da@example.org",
            "ada\u{ad}@example.org\u{feff}",
        ] {
            assert_eq!(identifier(text), "ada@example.org", "{text:?}");
        }
    }

    #[test]
    fn composed_and_decomposed_text_is_the_same() {
        assert_eq!(identifier("e\u{301}va"), identifier("\u{e9}va"));
        // An invisible joiner between them does not keep the two apart.
        assert_eq!(identifier("e\u{200d}\u{301}va"), identifier("\u{c9}VA"));
    }

    #[test]
    fn every_sigma_is_one() {
        assert_eq!(identifier("ΟΔΥΣΣΕΥΣ"), identifier("οδυσσευσ"));
    }

    #[test]
    fn phone_numbers_become_e164() {
        assert_eq!(identifier("+49 (0) 176 671 11 638"), "+4917667111638");
        assert_eq!(identifier("+1 650-253-0000"), "+16502530000");
        assert_eq!(identifier("\u{ff0b}1 650-253-0000"), "+16502530000");
        assert_eq!(phone("+1 1"), None);
        assert_eq!(phone("6502530000"), None);
        assert_eq!(identifier("+not a number"), "+not a number");
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(text in "\\PC{0,40}|.{0,40}|\\+[0-9 ()./-]{0,45}") {
            let once = identifier(&text);
            prop_assert_eq!(identifier(&once), once);
        }
    }
}

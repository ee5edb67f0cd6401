//! The pieces of a filter or a path: words, strings, brackets. Spaces are free; what a word means is the parser's business.

use std::borrow::Cow;

use super::fault::Fault;
use crate::limits;

/// A piece and where it begins, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) at: usize,
    pub(crate) piece: Piece<'a>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece<'a> {
    /// A name, an operator, a number, or a value that somebody forgot to quote.
    Word(&'a str),
    /// A JSON string, unescaped.
    Text(Cow<'a, str>),
    Open,
    Close,
    OpenBracket,
    CloseBracket,
}

/// One piece after the other, so that a text that goes wrong early is not read to its end.
#[derive(Debug)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// # Errors
    /// When the text is longer than any filter may be: nothing of it is read then.
    pub(crate) fn new(text: &'a str) -> Result<Self, Fault> {
        if text.len() > limits::MAX_FILTER_BYTES {
            return Err(Fault::new(
                limits::MAX_FILTER_BYTES,
                format!("it is longer than {} bytes", limits::MAX_FILTER_BYTES),
            ));
        }
        Ok(Self { text, at: 0 })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next piece, or none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Token<'a>>, Fault> {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.at += rest.len() - trimmed.len();
        let at = self.at;
        let Some(first) = trimmed.chars().next() else {
            return Ok(None);
        };
        let (piece, length) = match first {
            '(' => (Piece::Open, 1),
            ')' => (Piece::Close, 1),
            '[' => (Piece::OpenBracket, 1),
            ']' => (Piece::CloseBracket, 1),
            '"' => string(trimmed, at)?,
            _ => {
                let end = |c: char| c.is_whitespace() || "()[]\"".contains(c);
                let length = trimmed.find(end).unwrap_or(trimmed.len());
                if length == 0 {
                    return Err(Fault::new(at, "a character that does not belong here"));
                }
                (
                    Piece::Word(trimmed.get(..length).unwrap_or_default()),
                    length,
                )
            }
        };
        self.at += length;
        Ok(Some(Token { at, piece }))
    }
}

/// A JSON string at the beginning of `text`, and its length with the quotes.
fn string(text: &str, at: usize) -> Result<(Piece<'_>, usize), Fault> {
    let bytes = text.as_bytes();
    let mut escaped = false;
    let mut has_escapes = false;
    for (index, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => {
                escaped = true;
                has_escapes = true;
            }
            b'"' => {
                let literal = text.get(..=index).unwrap_or_default();
                let value = if has_escapes {
                    let read: String = serde_json::from_str(literal).map_err(|_| {
                        Fault::new(at, "a string with an escape that JSON does not have")
                    })?;
                    if read.contains('\0') {
                        return Err(Fault::new(at, "a string with the character U+0000"));
                    }
                    Cow::Owned(read)
                } else {
                    Cow::Borrowed(text.get(1..index).unwrap_or_default())
                };
                return Ok((Piece::Text(value), index + 1));
            }
            byte if *byte < 0x20 => {
                return Err(Fault::new(
                    at + index,
                    "a control character within a string",
                ));
            }
            _ => {}
        }
    }
    Err(Fault::new(at, "a string without its closing quote"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Result<Vec<Token<'_>>, Fault> {
        let mut lexer = Lexer::new(text)?;
        let mut all = Vec::new();
        while let Some(token) = lexer.next()? {
            all.push(token);
        }
        Ok(all)
    }

    #[test]
    fn spaces_are_free_and_positions_are_kept() {
        let all = pieces(" emails[ type eq \"wo\\u0072k\" ].value").expect("lexes");
        let at: Vec<_> = all.iter().map(|token| token.at).collect();
        assert_eq!(at, [1, 7, 9, 14, 17, 29, 30]);
        assert_eq!(all[4].piece, Piece::Text("work".into()));
        assert_eq!(all[6].piece, Piece::Word(".value"));
    }

    #[test]
    fn broken_strings_are_refused_where_they_begin() {
        for (text, at) in [
            ("a eq \"x", 5),
            ("a eq \"\\", 5),
            ("\"\\q\"", 0),
            ("\"a\nb\"", 2),
            ("\"\\ud800\"", 0),
            ("\"\\u0000\"", 0),
        ] {
            assert_eq!(pieces(text).expect_err(text).at, at, "{text}");
        }
    }
}

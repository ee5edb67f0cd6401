//! JSON Pointers (RFC 6901).

use crate::json::{MAX_DEPTH, shortened};

/// A place in a JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    tokens: Vec<String>,
}

impl Pointer {
    /// Reads a pointer: empty, or `/` before each token; `~0` stands for `~` and `~1` for `/`. `None` where it is
    /// none, or deeper than any document may be.
    pub fn parse(text: String) -> Option<Self> {
        let tokens = if text.is_empty() {
            Vec::new()
        } else {
            text.strip_prefix('/')?
                .split('/')
                .take(MAX_DEPTH + 1)
                .map(unescape)
                .collect::<Option<Vec<_>>>()?
        };
        (tokens.len() <= MAX_DEPTH).then_some(Self { text, tokens })
    }

    /// The tokens, unescaped.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// Whether `other` is this place or below it.
    pub fn holds(&self, other: &Self) -> bool {
        other.tokens.starts_with(&self.tokens)
    }
}

impl std::fmt::Display for Pointer {
    /// As it was written, cut where it is long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&shortened(&self.text))
    }
}

fn unescape(token: &str) -> Option<String> {
    let mut text = String::with_capacity(token.len());
    let mut characters = token.chars();
    while let Some(c) = characters.next() {
        text.push(match c {
            '~' => match characters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(text)
}

//! The grammar: `or` binds less than `and`, that less than `not`, that less than brackets.
//!
//! Nesting and terms are counted while reading, and reading stops where there are too many: nothing is ever recursed into that
//! is deeper than a filter may be.

use super::ast::{Logic, Operator, Test};
use super::fault::Fault;
use super::lexer::{Lexer, Piece, Token};
use super::literal::{Raw, typed};
use crate::limits;
use crate::schema::Attribute;

/// What names mean where the parser is: in a resource, or in a value of an attribute.
pub(crate) trait Scope {
    type Term;

    /// Reads what follows a name that stands where a term begins.
    fn term(
        &self,
        parser: &mut Parser<'_>,
        name: &str,
        at: usize,
    ) -> Result<Logic<Self::Term>, Fault>;
}

/// Reads the whole text as an expression.
pub(crate) fn whole<S: Scope>(text: &str, scope: &S) -> Result<Logic<S::Term>, Fault> {
    let mut parser = Parser::new(text)?;
    let read = parser.any(scope)?;
    parser.end("`and`, `or` or the end")?;
    Ok(read)
}

/// What is asked of the attribute before it, as it was written.
pub(crate) enum Condition {
    Present,
    Compare {
        operator: Operator,
        value: Written,
        at: usize,
    },
}

pub(crate) enum Written {
    Quoted(String),
    Bare(String),
    Boolean(bool),
    Null,
}

pub(crate) struct Parser<'a> {
    lexer: Lexer<'a>,
    length: usize,
    peeked: Option<Token<'a>>,
    depth: usize,
    terms: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Self, Fault> {
        let mut lexer = Lexer::new(text)?;
        let peeked = lexer.next()?;
        Ok(Self {
            lexer,
            length: text.len(),
            peeked,
            depth: 0,
            terms: 0,
        })
    }

    pub(crate) fn peek(&self) -> Option<&Piece<'a>> {
        self.peeked.as_ref().map(|token| &token.piece)
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, Fault> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.peeked, next))
    }

    fn here(&self) -> usize {
        self.peeked.as_ref().map_or(self.length, |token| token.at)
    }

    fn expected(&self, what: &str) -> Fault {
        Fault::new(self.here(), format!("expected {what}"))
    }

    pub(crate) fn end(&self, what: &str) -> Result<(), Fault> {
        match self.peeked {
            None => Ok(()),
            Some(_) => Err(self.expected(what)),
        }
    }

    /// The next word and where it stands.
    pub(crate) fn word(&mut self, what: &str) -> Result<(&'a str, usize), Fault> {
        if let Some(Token {
            at,
            piece: Piece::Word(word),
        }) = self.peeked
        {
            self.next()?;
            return Ok((word, at));
        }
        Err(self.expected(what))
    }

    pub(crate) fn expect(&mut self, piece: &Piece<'_>, what: &str) -> Result<(), Fault> {
        if self.peek() != Some(piece) {
            return Err(self.expected(what));
        }
        self.next()?;
        Ok(())
    }

    fn is_next(&self, keyword: &str) -> bool {
        matches!(self.peek(), Some(Piece::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn nested<S: Scope>(&mut self, scope: &S, open: &Piece<'_>) -> Result<Logic<S::Term>, Fault> {
        let at = self.here();
        self.next()?;
        self.depth += 1;
        if self.depth > limits::MAX_FILTER_DEPTH {
            return Err(Fault::new(
                at,
                format!(
                    "it is nested deeper than {} levels",
                    limits::MAX_FILTER_DEPTH
                ),
            ));
        }
        let read = self.any(scope)?;
        match open {
            Piece::Open => self.expect(&Piece::Close, "`and`, `or` or `)`")?,
            _ => self.expect(&Piece::CloseBracket, "`and`, `or` or `]`")?,
        }
        self.depth -= 1;
        Ok(read)
    }

    /// An expression in square brackets, if one begins here.
    pub(crate) fn brackets<S: Scope>(
        &mut self,
        scope: &S,
    ) -> Result<Option<Logic<S::Term>>, Fault> {
        if self.peek() != Some(&Piece::OpenBracket) {
            return Ok(None);
        }
        self.nested(scope, &Piece::OpenBracket).map(Some)
    }

    pub(crate) fn any<S: Scope>(&mut self, scope: &S) -> Result<Logic<S::Term>, Fault> {
        let first = self.all(scope)?;
        if !self.is_next("or") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.is_next("or") {
            self.next()?;
            parts.push(self.all(scope)?);
        }
        Ok(Logic::Any(parts))
    }

    fn all<S: Scope>(&mut self, scope: &S) -> Result<Logic<S::Term>, Fault> {
        let first = self.unit(scope)?;
        if !self.is_next("and") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.is_next("and") {
            self.next()?;
            parts.push(self.unit(scope)?);
        }
        Ok(Logic::All(parts))
    }

    fn unit<S: Scope>(&mut self, scope: &S) -> Result<Logic<S::Term>, Fault> {
        if self.peek() == Some(&Piece::Open) {
            return self.nested(scope, &Piece::Open);
        }
        let (name, at) = self.word("an attribute, `not` or `(`")?;
        if name.eq_ignore_ascii_case("not") {
            if self.peek() != Some(&Piece::Open) {
                return Err(self
                    .expected("`(` after `not`")
                    .hint("write `not (userName eq \"x\")`"));
            }
            let read = self.nested(scope, &Piece::Open)?;
            return Ok(Logic::Not(Box::new(read)));
        }
        self.terms += 1;
        if self.terms > limits::MAX_FILTER_TERMS {
            return Err(Fault::new(
                at,
                format!("it has more than {} terms", limits::MAX_FILTER_TERMS),
            ));
        }
        scope.term(self, name, at)
    }

    /// An operator and its value.
    pub(crate) fn condition(&mut self) -> Result<Condition, Fault> {
        const OPERATORS: &str = "an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr";
        let (word, at) = self.word(OPERATORS)?;
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Condition::Present);
        }
        let Some(operator) = Operator::named(word) else {
            return Err(Fault::new(at, format!("expected {OPERATORS}")));
        };
        let at = self.here();
        let value = match self.peek() {
            Some(Piece::Text(text)) => Written::Quoted(text.to_string()),
            Some(Piece::Word(word)) => written(word),
            _ => {
                return Err(self
                    .expected("a value")
                    .hint("strings stand in double quotes"));
            }
        };
        self.next()?;
        Ok(Condition::Compare {
            operator,
            value,
            at,
        })
    }
}

fn written(word: &str) -> Written {
    if word.eq_ignore_ascii_case("true") {
        Written::Boolean(true)
    } else if word.eq_ignore_ascii_case("false") {
        Written::Boolean(false)
    } else if word.eq_ignore_ascii_case("null") {
        Written::Null
    } else {
        Written::Bare(word.to_owned())
    }
}

impl Condition {
    /// The test of an attribute that this is, and whether it has to fail: `eq null` is `not pr`.
    pub(crate) fn test(self, attribute: &Attribute) -> Result<(Test, bool), Fault> {
        let (operator, value, at) = match self {
            Self::Present => return Ok((Test::Present, false)),
            Self::Compare {
                operator,
                value,
                at,
            } => (operator, value, at),
        };
        let raw = match &value {
            Written::Quoted(text) => Raw::Quoted(text),
            Written::Bare(text) => Raw::Bare(text),
            Written::Boolean(value) => Raw::Boolean(*value),
            Written::Null => {
                return match operator {
                    Operator::Equal => Ok((Test::Present, true)),
                    Operator::NotEqual => Ok((Test::Present, false)),
                    _ => Err(Fault::new(at, "`null` is compared with `eq` or `ne` only")),
                };
            }
        };
        let literal = typed(attribute, operator, &raw, at)?;
        Ok((Test::Compare(operator, literal), false))
    }
}

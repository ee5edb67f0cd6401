//! Filters written out again, in one spelling: what a cursor is bound to, and what a log shows.

use std::fmt::{self, Display, Formatter};

use super::ast::{ElementTerm, Logic, Operator, Term, Test};
use super::literal::Literal;

impl<T: Display> Display for Logic<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::Term(term) => return write!(f, "{term}"),
            Self::Not(part) => return write!(f, "not ({part})"),
            Self::All(parts) => (parts, " and "),
            Self::Any(parts) => (parts, " or "),
        };
        if parts.is_empty() {
            // Only where a filter is for several types of resources.
            return write!(f, "{}", matches!(self, Self::All(_)));
        }
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(word)?;
            }
            match part {
                Self::All(_) | Self::Any(_) => write!(f, "({part})")?,
                _ => write!(f, "{part}")?,
            }
        }
        Ok(())
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test { path, test } => write!(f, "{path} {test}"),
            Self::Element { path, filter } => write!(f, "{path}[{filter}]"),
        }
    }
}

impl Display for ElementTerm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = self.sub.as_ref().map_or("value", |sub| sub.name());
        write!(f, "{name} {}", self.test)
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("pr"),
            Self::Compare(operator, literal) => write!(f, "{operator} {literal}"),
        }
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES
            .iter()
            .find(|(_, operator)| operator == self)
            .map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_value())
    }
}

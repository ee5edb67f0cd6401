//! The tree of a filter.

use std::sync::Arc;

use super::literal::Literal;
use crate::path::AttributePath;
use crate::schema::Attribute;

/// Terms, joined.
#[derive(Clone, Debug, PartialEq)]
pub enum Logic<T> {
    /// All of them hold; none there: true.
    All(Vec<Self>),
    /// One of them holds; none there: false.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A single condition.
    Term(T),
}

/// A filter on resources.
pub type Filter = Logic<Term>;

/// A filter on the values of one attribute: what stands in brackets.
pub type ElementFilter = Logic<ElementTerm>;

/// A condition on a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// One of the values at the path passes the test. Where there is no value, [`Operator::NotEqual`] passes and nothing else.
    Test {
        /// What is looked at. A complex attribute is compared by its `value`, which the path names then.
        path: AttributePath,
        /// The test.
        test: Test,
    },
    /// One and the same value of the attribute fits the filter.
    Element {
        /// The attribute; the path names no sub-attribute.
        path: AttributePath,
        /// What is asked of the value.
        filter: ElementFilter,
    },
}

/// A condition on a value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementTerm {
    /// The sub-attribute; none where the value has none, and is tested itself.
    pub sub: Option<Arc<Attribute>>,
    /// The test.
    pub test: Test,
}

/// What is asked of a single value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is there: not null, not empty.
    Present,
    /// It compares so to the literal.
    Compare(Operator, Literal),
}

/// How values are compared (RFC 7644 table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `co`
    Contains,
    /// `sw`
    StartsWith,
    /// `ew`
    EndsWith,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

impl Operator {
    /// Every operator with its name.
    pub(crate) const NAMES: [(&'static str, Self); 9] = [
        ("eq", Self::Equal),
        ("ne", Self::NotEqual),
        ("co", Self::Contains),
        ("sw", Self::StartsWith),
        ("ew", Self::EndsWith),
        ("gt", Self::Greater),
        ("ge", Self::GreaterOrEqual),
        ("lt", Self::Less),
        ("le", Self::LessOrEqual),
    ];

    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map(|(_, operator)| *operator)
    }

    /// Whether it looks into text.
    pub(crate) fn is_of_text(self) -> bool {
        matches!(self, Self::Contains | Self::StartsWith | Self::EndsWith)
    }

    /// Whether it needs an order.
    pub(crate) fn is_of_order(self) -> bool {
        matches!(
            self,
            Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual
        )
    }

    pub(crate) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Contains | Self::StartsWith | Self::EndsWith => false,
        }
    }
}

impl<T> Logic<T> {
    /// Whether it holds, where `holds` tells so of a term.
    pub fn decide(&self, holds: &mut impl FnMut(&T) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.decide(holds)),
            Self::Any(parts) => parts.iter().any(|part| part.decide(holds)),
            Self::Not(part) => !part.decide(holds),
            Self::Term(term) => holds(term),
        }
    }

    /// How many terms it has.
    pub(crate) fn terms(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::terms).sum(),
            Self::Not(part) => part.terms(),
            Self::Term(_) => 1,
        }
    }
}

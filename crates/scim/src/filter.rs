//! Filters (RFC 7644 section 3.4.2.2), read into a tree in which every attribute is found and every value has the type of its
//! attribute: what remains is to hold it against a resource ([`Filter::matches`]) or to write it in SQL.
//!
//! The grammar is the RFC's, with what clients send beside it: operators, `true` and `null` in any case, `"True"` in quotes for
//! a boolean, `emails[type eq "work"].value eq "..."`, `members eq "id"`, values that somebody forgot to quote.

mod ast;
mod evaluate;
pub(crate) mod fault;
pub(crate) mod lexer;
pub(crate) mod literal;
pub(crate) mod parser;
mod scope;
mod show;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_any;

use palisade_envelope::Result;

use crate::error::ScimType;
use crate::schema::ResourceType;

pub use ast::{ElementFilter, ElementTerm, Filter, Logic, Operator, Term, Test};
pub use literal::{Literal, Text, fold};

pub(crate) use scope::ElementScope;

/// Reads a filter on resources of one type.
///
/// # Errors
/// `invalidFilter` with the position, and a hint where there is one: it is too long, too deep, can't be read, names an unknown
/// attribute, or compares what can't be compared. `sensitive` (403) where it asks for a password.
pub fn parse(text: &str, of: &ResourceType) -> Result<Filter> {
    parse_among(text, of, &[])
}

/// Reads a filter on resources of several types, for those of the type `of`: an attribute that only the `others` have is
/// absent on it (RFC 7644 section 3.4.2.1).
///
/// # Errors
/// As [`parse`].
pub fn parse_among(text: &str, of: &ResourceType, others: &[&ResourceType]) -> Result<Filter> {
    let scope = scope::ResourceScope { of, others };
    parser::whole(text, &scope).map_err(|fault| fault.refuse("filter", ScimType::InvalidFilter))
}

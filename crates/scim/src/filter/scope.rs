//! What names mean in a resource, and in a value of an attribute.

use std::sync::Arc;

use super::ast::{ElementFilter, ElementTerm, Filter, Logic, Operator, Term, Test};
use super::fault::Fault;
use super::lexer::Piece;
use super::parser::{Condition, Parser, Scope};
use crate::error::ScimType;
use crate::path::{self, AttributePath, Unknown, closest, is_plain_value};
use crate::schema::{Attribute, ResourceType, Returned};

/// Names in a resource.
pub(super) struct ResourceScope<'a> {
    pub(super) of: &'a ResourceType,
    /// The other types that the filter is for.
    pub(super) others: &'a [&'a ResourceType],
}

impl ResourceScope<'_> {
    /// The attribute, and whether resources of this type can have it.
    fn find(&self, name: &str, at: usize) -> Result<(AttributePath, bool), Fault> {
        let unknown: Unknown = match path::resolve_attribute(name, self.of) {
            Ok(path) => return Ok((path, true)),
            Err(unknown) => unknown,
        };
        for other in self.others {
            if let Ok(path) = path::resolve_attribute(name, other) {
                return Ok((path, false));
            }
        }
        Err(Fault::unknown(at, unknown))
    }
}

impl Scope for ResourceScope<'_> {
    type Term = Term;

    fn term(&self, parser: &mut Parser<'_>, name: &str, at: usize) -> Result<Filter, Fault> {
        let (path, is_here) = self.find(name, at)?;
        if path.attribute().when_returned() == Returned::Never {
            return Err(Fault::new(at, format!("`{path}` can't be searched for"))
                .of_type(ScimType::Sensitive));
        }
        if parser.peek() == Some(&Piece::OpenBracket) {
            let filter = element(parser, &path, at)?;
            return Ok(if is_here {
                Logic::Term(Term::Element { path, filter })
            } else {
                Logic::Any(Vec::new())
            });
        }
        let condition = parser.condition()?;
        let (path, test, negated) = tested(path, condition)?;
        let term = match (&test, is_here) {
            (_, true) => Logic::Term(Term::Test { path, test }),
            // Of an attribute that is absent, `ne` is true and all else false.
            (Test::Compare(Operator::NotEqual, _), false) => Logic::All(Vec::new()),
            (_, false) => Logic::Any(Vec::new()),
        };
        Ok(if negated {
            Logic::Not(Box::new(term))
        } else {
            term
        })
    }
}

/// A condition on what the path ends at; a complex attribute is compared by its `value` (RFC 7643 section 2.4).
fn tested(
    mut path: AttributePath,
    condition: Condition,
) -> Result<(AttributePath, Test, bool), Fault> {
    let is_comparison = matches!(condition, Condition::Compare { .. });
    if is_comparison
        && path.sub.is_none()
        && let Some(value) = path.attribute.sub_attribute("value")
    {
        path.sub = Some(Arc::clone(value));
    }
    let (test, negated) = condition.test(path.target())?;
    Ok((path, test, negated))
}

/// What stands in brackets behind the path, and Entra ID's `emails[type eq "work"].value eq "..."`.
fn element(
    parser: &mut Parser<'_>,
    path: &AttributePath,
    at: usize,
) -> Result<ElementFilter, Fault> {
    let scope = ElementScope::new(path, at)?;
    let filter = parser.brackets(&scope)?.unwrap_or(Logic::All(Vec::new()));
    match parser.peek() {
        Some(Piece::Word(word)) if word.starts_with('.') => {}
        _ => return Ok(filter),
    }
    let (word, at) = parser.word("a sub-attribute")?;
    let name = word.strip_prefix('.').unwrap_or(word);
    let more = scope.term(parser, name, at)?;
    Ok(Logic::All(vec![filter, more]))
}

/// Names in a value of an attribute.
pub(crate) struct ElementScope<'a> {
    attribute: &'a Attribute,
}

impl<'a> ElementScope<'a> {
    /// # Errors
    /// When the path ends at something that has no values to choose among.
    pub(crate) fn new(path: &'a AttributePath, at: usize) -> Result<Self, Fault> {
        let attribute = path.attribute();
        let has_elements = attribute.is_multi_valued() || !attribute.sub_attributes.is_empty();
        if path.sub_attribute().is_some() || !has_elements {
            return Err(Fault::new(
                at,
                format!("`{path}` has no values to choose among with brackets"),
            ));
        }
        Ok(Self { attribute })
    }
}

impl Scope for ElementScope<'_> {
    type Term = ElementTerm;

    fn term(&self, parser: &mut Parser<'_>, name: &str, at: usize) -> Result<ElementFilter, Fault> {
        let sub = if is_plain_value(self.attribute, name) {
            None
        } else {
            let found = self.attribute.sub_attribute(name).ok_or_else(|| {
                let names = self.attribute.sub_attributes.iter().map(|sub| sub.name());
                Fault::unknown(
                    at,
                    Unknown {
                        what: format!(
                            "`{}` has no sub-attribute `{}`",
                            self.attribute.name(),
                            crate::error::shortened(name)
                        ),
                        hint: closest(name, names).map(|name| format!("did you mean `{name}`?")),
                    },
                )
            })?;
            Some(Arc::clone(found))
        };
        let target = sub.as_deref().unwrap_or(self.attribute);
        let (test, negated) = parser.condition()?.test(target)?;
        let term = Logic::Term(ElementTerm { sub, test });
        Ok(if negated {
            Logic::Not(Box::new(term))
        } else {
            term
        })
    }
}

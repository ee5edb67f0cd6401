//! Operations on the values of a list that fit a filter.

use palisade_envelope::Result;
use serde_json::{Map, Value};

use super::apply::{Act, Work};
use super::request::OperationKind;
use super::single::{put, put_all};
use super::values::take;
use crate::error::{ScimType, refusal, too_large};
use crate::filter::{ElementFilter, Logic, Operator, Test};
use crate::limits;
use crate::value::{self, is_primary, is_unassigned};

pub(super) fn act(work: &mut Work<'_>, act: Act<'_>, filter: &ElementFilter) -> Result<()> {
    let mut list = take(work, act);
    work.budget.compare(filter.terms(), list.len())?;
    let chosen: Vec<usize> = list
        .iter()
        .enumerate()
        .filter(|(_, element)| filter.fits(element))
        .map(|(index, _)| index)
        .collect();
    if act.kind == OperationKind::Remove {
        if chosen.is_empty() {
            return Err(no_target(act, filter));
        }
        remove(&mut list, &chosen, act);
        return store(work, act, list);
    }
    let sent = act.value.unwrap_or(&Value::Null);
    work.budget.write(sent, chosen.len().max(1))?;
    let change = Change::read(act, sent)?;
    if chosen.is_empty() {
        if matches!(change, Change::Clear | Change::Sub(_, None)) {
            return store(work, act, list);
        }
        let Some(mut new) = seeds(filter) else {
            return Err(no_target(act, filter));
        };
        change.apply(&mut new, act, None);
        list.push(Value::Object(new));
        let last = list.len() - 1;
        settle_primary(&mut list, &[last]);
        return store(work, act, list);
    }
    let known = seeds(filter);
    for index in &chosen {
        match list.get_mut(*index) {
            Some(Value::Object(element)) => change.apply(element, act, known.as_ref()),
            // A list of plain values: the value itself gives way.
            Some(element) => *element = change.plain(),
            None => {}
        }
    }
    settle_primary(&mut list, &chosen);
    store(work, act, list)
}

/// What is to become of a value.
enum Change {
    /// A sub-attribute gets this value, or none.
    Sub(String, Option<Value>),
    /// The sub-attributes get these values.
    Whole(Vec<(String, Option<Value>)>),
    /// It becomes this plain value.
    Plain(Value),
    /// It goes.
    Clear,
}

impl Change {
    fn read(act: Act<'_>, sent: &Value) -> Result<Self> {
        let at = act.at();
        if let Some(sub) = at.sub {
            return Ok(match value::single(at, sent)? {
                // What has no value any more is nothing.
                None if sub.name() == "value" => Self::Clear,
                next => Self::Sub(sub.name().to_owned(), next),
            });
        }
        let sent = match sent {
            Value::Array(items) if items.len() == 1 => items.first().unwrap_or(&Value::Null),
            other => other,
        };
        match (sent, value::element(at, sent)?) {
            (_, None) => Ok(Self::Clear),
            (Value::Object(sent), Some(_)) => Ok(Self::Whole(value::complex(at, sent)?)),
            (_, Some(Value::Object(members))) => Ok(Self::Whole(
                members
                    .into_iter()
                    .map(|(name, value)| (name, Some(value)))
                    .collect(),
            )),
            (_, Some(plain)) => Ok(Self::Plain(plain)),
        }
    }

    /// Makes the change. A value that is replaced keeps what the filter says of it: it is the work address that is replaced.
    fn apply(
        &self,
        element: &mut Map<String, Value>,
        act: Act<'_>,
        known: Option<&Map<String, Value>>,
    ) {
        match self {
            Self::Sub(name, next) => put(element, name, next.clone()),
            Self::Whole(parts) => {
                if let (OperationKind::Replace, Some(known)) = (act.kind, known) {
                    element.clone_from(known);
                }
                put_all(element, parts.clone());
            }
            Self::Clear => element.clear(),
            Self::Plain(_) => {}
        }
    }

    fn plain(&self) -> Value {
        match self {
            Self::Plain(value) => value.clone(),
            _ => Value::Null,
        }
    }
}

fn remove(list: &mut Vec<Value>, chosen: &[usize], act: Act<'_>) {
    let Some(sub) = act.path.sub_attribute() else {
        let mut index = 0;
        list.retain(|_| {
            index += 1;
            chosen.binary_search(&(index - 1)).is_err()
        });
        return;
    };
    for index in chosen {
        if let Some(Value::Object(element)) = list.get_mut(*index) {
            put(element, sub.name(), None);
        }
    }
}

/// The sub-attributes that a value must have to fit: those of a filter that is made of `eq` and `and` only. Entra ID sets the
/// postal code of a work address that is not there yet, and means that it shall be there.
fn seeds(filter: &ElementFilter) -> Option<Map<String, Value>> {
    let mut known = Map::new();
    collect(filter, &mut known)?;
    (!known.is_empty()).then_some(known)
}

fn collect(filter: &ElementFilter, into: &mut Map<String, Value>) -> Option<()> {
    match filter {
        Logic::All(parts) => parts
            .iter()
            .try_for_each(|part| collect(part, into).ok_or(()))
            .ok(),
        Logic::Term(term) => match (&term.sub, &term.test) {
            (Some(sub), Test::Compare(Operator::Equal, literal)) => {
                into.insert(sub.name().to_owned(), literal.to_value());
                Some(())
            }
            _ => None,
        },
        Logic::Any(_) | Logic::Not(_) => None,
    }
}

fn no_target(act: Act<'_>, filter: &ElementFilter) -> palisade_envelope::Error {
    let path = act.path.attribute().name();
    let filter = crate::error::shortened(&filter.to_string());
    refusal(
        ScimType::NoTarget,
        format!("`{path}` has no value that fits `{filter}`"),
    )
}

/// One value at most is primary: the one that was made so last (RFC 7644 section 3.5.2).
pub(super) fn settle_primary(list: &mut [Value], touched: &[usize]) {
    let is_primary_at = |index: &usize| list.get(*index).is_some_and(is_primary);
    let Some(winner) = touched.iter().rev().copied().find(is_primary_at) else {
        return;
    };
    for (index, element) in list.iter_mut().enumerate() {
        if index != winner
            && is_primary(element)
            && let Value::Object(element) = element
        {
            element.insert("primary".to_owned(), Value::Bool(false));
        }
    }
}

/// Puts the list back, without the values that have become empty.
pub(super) fn store(work: &mut Work<'_>, act: Act<'_>, mut list: Vec<Value>) -> Result<()> {
    let at = act.at_attribute();
    list.retain(|element| !is_unassigned(element));
    if list.len() > limits::MAX_VALUES {
        return Err(too_large(format!(
            "`{at}` can have {} values",
            limits::MAX_VALUES
        )));
    }
    for element in &list {
        let missing = |sub: &&std::sync::Arc<crate::schema::Attribute>| {
            sub.is_required() && element.get(sub.name()).is_none()
        };
        if let Some(sub) = at.attribute.sub_attributes.iter().find(missing) {
            let at = value::At {
                sub: Some(sub),
                ..at
            };
            return Err(at.expected("a value; it is required"));
        }
    }
    let resource = &mut work.done.resource;
    resource.set(at.extension, at.attribute, Value::Array(list));
    Ok(())
}

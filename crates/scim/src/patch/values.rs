//! Operations on lists as a whole.

use palisade_envelope::Result;
use serde_json::Value;

use super::apply::{Act, Work};
use super::elements::{settle_primary, store};
use super::request::OperationKind;
use super::single::{members, put, put_all};
use crate::filter::fold;
use crate::schema::Attribute;
use crate::value::{self, is_primary};

pub(super) fn act(work: &mut Work<'_>, act: Act<'_>) -> Result<()> {
    if act.path.sub_attribute().is_some() {
        return sub_attribute(work, act);
    }
    let at = act.at();
    let sent = match (act.kind, act.value) {
        (OperationKind::Remove, None) => {
            work.done.resource.take(at.extension, at.attribute);
            return Ok(());
        }
        (_, value) => value.unwrap_or(&Value::Null),
    };
    work.budget.write(sent, 1)?;
    let sent = match act.kind {
        OperationKind::Remove => listed(act, sent)?,
        _ => value::list(at, sent)?,
    };
    let mut list = take(work, act);
    match act.kind {
        OperationKind::Replace => list = sent,
        OperationKind::Add => {
            work.budget.compare(sent.len(), list.len() + sent.len())?;
            add(&mut list, sent, at.attribute);
        }
        OperationKind::Remove => {
            work.budget.compare(sent.len(), list.len())?;
            list.retain(|item| !sent.iter().any(|sent| is_same(item, sent, at.attribute)));
        }
    }
    store(work, act, list)
}

/// The values that a removal lists. One that can't be read must not pass for none: then all would go (or none, unnoticed).
fn listed(act: Act<'_>, sent: &Value) -> Result<Vec<Value>> {
    let at = act.at();
    let many = match sent {
        Value::Array(items) => items.len(),
        _ => 1,
    };
    let list = value::list(at, sent)?;
    if list.len() != many {
        return Err(at.expected("the values to remove"));
    }
    Ok(list)
}

pub(super) fn take(work: &mut Work<'_>, act: Act<'_>) -> Vec<Value> {
    let at = act.at();
    match work.done.resource.take(at.extension, at.attribute) {
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// Appends what is not there; what is there takes over what else was sent of it.
fn add(list: &mut Vec<Value>, sent: Vec<Value>, attribute: &Attribute) {
    let mut touched = Vec::with_capacity(sent.len());
    for new in sent {
        let there = list.iter().position(|old| is_same(old, &new, attribute));
        let index = match there.and_then(|index| Some((index, list.get_mut(index)?))) {
            Some((index, Value::Object(old))) => {
                let new = members(Some(new)).into_iter();
                put_all(old, new.map(|(name, value)| (name, Some(value))).collect());
                index
            }
            Some((index, _)) => index,
            None => {
                list.push(new);
                list.len() - 1
            }
        };
        touched.push(index);
    }
    settle_primary(list, &touched);
}

/// Whether a value that was sent means the one that is there: the same `value`, and the same `type` where one was sent.
/// Values without `value`, such as addresses, have to be the same altogether.
fn is_same(old: &Value, sent: &Value, attribute: &Attribute) -> bool {
    let alike = |sub: &str| match (old.get(sub), sent.get(sub)) {
        (Some(Value::String(old)), Some(Value::String(sent))) => {
            let exact = attribute
                .sub_attribute(sub)
                .is_some_and(|sub| sub.is_case_exact());
            old == sent || (!exact && fold(old) == fold(sent))
        }
        (old, sent) => old == sent,
    };
    if sent.get("value").is_none() {
        return match (old, sent) {
            (Value::String(old), Value::String(sent)) if !attribute.is_case_exact() => {
                fold(old) == fold(sent)
            }
            _ => old == sent,
        };
    }
    alike("value") && (sent.get("type").is_none() || alike("type"))
}

/// `emails.value`: the RFC does not say of which. It is the only value, or the primary one, or the first; a new one where there is
/// none. A removal is of all of them.
fn sub_attribute(work: &mut Work<'_>, act: Act<'_>) -> Result<()> {
    let at = act.at();
    let Some(sub) = at.sub else {
        return Ok(());
    };
    let next = match act.kind {
        OperationKind::Remove => None,
        _ => value::single(at, act.value.unwrap_or(&Value::Null))?,
    };
    if let Some(next) = &next {
        work.budget.write(next, 1)?;
    }
    let mut list = take(work, act);
    if act.kind == OperationKind::Remove {
        for element in list.iter_mut().filter_map(Value::as_object_mut) {
            put(element, sub.name(), None);
        }
        return store(work, act, list);
    }
    let index = list.iter().position(is_primary).unwrap_or(0);
    if list.is_empty() {
        list.push(Value::Object(members(None)));
    }
    if let Some(Value::Object(element)) = list.get_mut(index) {
        put(element, sub.name(), next);
    }
    settle_primary(&mut list, &[index]);
    store(work, act, list)
}

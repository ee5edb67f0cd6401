//! Operations on attributes that are no lists. `add` and `replace` mean the same there: clients do not agree on which to send.

use palisade_envelope::Result;
use serde_json::{Map, Value};

use super::apply::{Act, Work};
use super::request::OperationKind;
use crate::schema::Kind;
use crate::value;

pub(super) fn act(work: &mut Work<'_>, act: Act<'_>) -> Result<()> {
    let at = act.at();
    let (extension, attribute) = (at.extension, at.attribute);
    let sent = match act.kind {
        OperationKind::Remove => &Value::Null,
        _ => act.value.unwrap_or(&Value::Null),
    };
    work.budget.write(sent, 1)?;
    let Some(sub) = at.sub else {
        let next = if attribute.kind() == Kind::Complex {
            merged(work, act, sent)?
        } else {
            value::whole(at, sent)?
        };
        let resource = &mut work.done.resource;
        resource.set(extension, attribute, next.unwrap_or(Value::Null));
        return Ok(());
    };
    let mut whole = members(work.done.resource.take(extension, attribute));
    let next = value::single(at, sent)?;
    put(&mut whole, sub.name(), next);
    let resource = &mut work.done.resource;
    resource.set(extension, attribute, Value::Object(whole));
    Ok(())
}

/// A complex attribute with the sub-attributes that were sent; the others stay (RFC 7644 section 3.5.2.3).
fn merged(work: &Work<'_>, act: Act<'_>, sent: &Value) -> Result<Option<Value>> {
    let at = act.at();
    // Entra ID sends a manager as an array of one.
    let sent = match sent {
        Value::Array(items) if items.len() == 1 => items.first().unwrap_or(&Value::Null),
        other => other,
    };
    let Value::Object(sent) = sent else {
        return value::whole(at, sent);
    };
    if sent.is_empty() {
        return Ok(None);
    }
    let before = work.done.resource.value(at.extension, at.attribute);
    let mut whole = members(before.cloned());
    put_all(&mut whole, value::complex(at, sent)?);
    // Whatever the parts were, the whole has to be fine.
    value::whole(at, &Value::Object(whole))
}

pub(super) fn members(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// Sets sub-attributes, or takes them away. Another `value` is another thing: a `$ref` to the old one goes with it.
pub(super) fn put_all(whole: &mut Map<String, Value>, parts: Vec<(String, Option<Value>)>) {
    let is_other = |(name, next): &(String, Option<Value>)| {
        name == "value" && whole.get("value") != next.as_ref()
    };
    if parts.iter().any(is_other) && !parts.iter().any(|(name, _)| name == "$ref") {
        whole.remove("$ref");
    }
    for (name, next) in parts {
        match next {
            Some(next) => whole.insert(name, next),
            None => whole.remove(&name),
        };
    }
}

/// One of them.
pub(super) fn put(whole: &mut Map<String, Value>, name: &str, next: Option<Value>) {
    put_all(whole, vec![(name.to_owned(), next)]);
}

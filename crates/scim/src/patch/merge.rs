//! Operations without a path, whose value is an object: each key is a path of its own. Entra ID (`aadOptscim062020`) writes dotted
//! and URN-qualified keys, Okta the attributes of the resource, `id` among them.

use std::sync::Arc;

use palisade_envelope::Result;
use serde_json::{Map, Value};

use super::apply::{Act, Work};
use super::request::OperationKind;
use crate::error::{invalid_value, shortened};
use crate::path::{PatchPath, find};
use crate::schema::Schema;

const MOST_IGNORED: usize = 100;

/// The value of an operation without a path.
pub(super) fn whole(
    work: &mut Work<'_>,
    kind: OperationKind,
    members: &Map<String, Value>,
) -> Result<()> {
    for (key, value) in members {
        one(work, kind, key, value)?;
    }
    Ok(())
}

/// An operation on all that an extension adds.
pub(super) fn extension(
    work: &mut Work<'_>,
    kind: OperationKind,
    schema: &Arc<Schema>,
    value: Option<&Value>,
) -> Result<()> {
    match (kind, value) {
        (OperationKind::Remove, _) | (OperationKind::Replace, Some(Value::Null)) => {
            work.done.resource.take_extension(schema.id());
            Ok(())
        }
        (_, None | Some(Value::Null)) => Ok(()),
        (_, Some(Value::Object(members))) => {
            for (key, value) in members {
                one(work, kind, &format!("{}:{key}", schema.id()), value)?;
            }
            Ok(())
        }
        _ => Err(invalid_value(schema.id(), "an object")),
    }
}

fn one(work: &mut Work<'_>, kind: OperationKind, key: &str, value: &Value) -> Result<()> {
    let name = key.split_once('[').map_or(key, |(name, _)| name).trim();
    // What is not known is told from what is without the pains of an error: there may be many.
    let read = find(name, work.of).and_then(|_| PatchPath::parse(key, work.of).ok());
    match read {
        Some(PatchPath::Extension(schema)) => extension(work, kind, &schema, Some(value)),
        Some(PatchPath::Attribute { path, filter }) => {
            let attribute = path.attribute();
            // What clients merely repeat: `id`, `meta`, `schemas`, `groups`.
            if attribute.is_read_only() || path.target().is_read_only() {
                return Ok(());
            }
            // A client that repeats a whole group may say so of members that it does not know.
            if attribute.is_membership() && value.is_null() {
                return Ok(());
            }
            work.act(Act {
                kind,
                path: &path,
                filter: filter.as_ref(),
                value: Some(value),
            })
        }
        None => {
            if work.done.ignored.len() < MOST_IGNORED {
                work.done.ignored.push(shortened(key));
            }
            Ok(())
        }
    }
}

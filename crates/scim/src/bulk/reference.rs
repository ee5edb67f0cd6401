//! `bulkId:x`: what an operation calls the resource that another creates.

use std::collections::{BTreeSet, HashMap};

use palisade_envelope::{Code, Error, Result};
use serde_json::{Map, Value};

use super::operation::{BulkCall, BulkTarget};
use crate::error::{ScimType, shortened};
use crate::patch::{OperationKind, PatchOperation, PatchRequest};

/// The ids of what was created, by `bulkId`.
pub type BulkIds = HashMap<String, String>;

/// The `bulkId` that a text names, if it does.
pub(super) fn named(text: &str) -> Option<&str> {
    text.strip_prefix("bulkId:")
}

/// What begins a reference within the path of a PATCH: `members[value eq "bulkId:x"]`.
const QUOTED: &str = "\"bulkId:";

fn is_path(member: &str) -> bool {
    member.eq_ignore_ascii_case("path")
}

fn in_path(path: &str) -> impl Iterator<Item = &str> {
    path.split(QUOTED)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
}

fn resolve_path(path: &str, ids: &BulkIds) -> Result<String> {
    let mut parts = path.split(QUOTED);
    let mut resolved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (bulk_id, rest) = part.split_once('"').unwrap_or((part, ""));
        let id = ids.get(bulk_id).ok_or_else(|| unresolved(bulk_id))?;
        resolved.push_str(&format!("\"{id}\"{rest}"));
    }
    Ok(resolved)
}

fn unresolved(bulk_id: &str) -> Error {
    Error::with_message(
        Code::Conflict,
        format!(
            "`bulkId:{}` names nothing that this request has created",
            shortened(bulk_id)
        ),
    )
    .detail("scimType", ScimType::InvalidValue.as_str())
}

impl BulkCall {
    /// The `bulkId`s that the data names.
    pub(super) fn references(&self) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        collect(&self.data, &mut found);
        found
    }

    /// The id of the resource that it is about; none for a POST.
    ///
    /// # Errors
    /// 409 `invalidValue` where it is named by a `bulkId` that was not created.
    pub fn id<'a>(&'a self, ids: &'a BulkIds) -> Result<Option<&'a str>> {
        match &self.target {
            None => Ok(None),
            Some(BulkTarget::Id(id)) => Ok(Some(id)),
            Some(BulkTarget::Reference(bulk_id)) => match ids.get(bulk_id) {
                Some(id) => Ok(Some(id)),
                None => Err(unresolved(bulk_id)),
            },
        }
    }

    /// The data with ids in the place of references; values that name one of `without` are left out.
    ///
    /// # Errors
    /// 409 `invalidValue` where it names a `bulkId` that was not created.
    pub fn data(&self, ids: &BulkIds, without: &[String]) -> Result<Value> {
        let pruned = match &self.data {
            Value::Object(members) if !without.is_empty() => Value::Object(prune(members, without)),
            other => other.clone(),
        };
        resolve(pruned, ids)
    }

    /// The PATCH that adds what [`Self::data`] left out.
    ///
    /// # Errors
    /// 409 `invalidValue` where it names a `bulkId` that was not created after all.
    pub fn completion(&self, ids: &BulkIds, without: &[String]) -> Result<PatchRequest> {
        let left_out = match &self.data {
            Value::Object(members) => only(members, without),
            _ => Map::new(),
        };
        Ok(PatchRequest {
            operations: vec![PatchOperation {
                kind: OperationKind::Add,
                path: None,
                value: Some(resolve(Value::Object(left_out), ids)?),
            }],
        })
    }
}

fn collect<'a>(value: &'a Value, into: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => into.extend(named(text)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(members) => {
            for (name, item) in members {
                match item {
                    Value::String(path) if is_path(name) => into.extend(in_path(path)),
                    item => collect(item, into),
                }
            }
        }
        _ => {}
    }
}

fn names_one(value: &Value, of: &[String]) -> bool {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    of.iter().any(|bulk_id| found.contains(bulk_id.as_str()))
}

/// Whether a member of a resource holds attributes itself: the URN of an extension.
fn is_extension(name: &str) -> bool {
    name.contains(':')
}

/// The resource without the values that name one of these.
fn prune(members: &Map<String, Value>, without: &[String]) -> Map<String, Value> {
    let keep = |(name, value): (&String, &Value)| {
        let kept = match value {
            Value::Object(inner) if is_extension(name) => Value::Object(prune(inner, without)),
            Value::Array(items) => {
                let kept = items.iter().filter(|item| !names_one(item, without));
                Value::Array(kept.cloned().collect())
            }
            value if names_one(value, without) => return None,
            value => value.clone(),
        };
        Some((name.clone(), kept))
    };
    members.iter().filter_map(keep).collect()
}

/// The resource with nothing but the values that name one of these.
fn only(members: &Map<String, Value>, these: &[String]) -> Map<String, Value> {
    let keep = |(name, value): (&String, &Value)| {
        if !names_one(value, these) {
            return None;
        }
        let kept = match value {
            Value::Object(inner) if is_extension(name) => Value::Object(only(inner, these)),
            Value::Array(items) => {
                let kept = items.iter().filter(|item| names_one(item, these));
                Value::Array(kept.cloned().collect())
            }
            value => value.clone(),
        };
        Some((name.clone(), kept))
    };
    members.iter().filter_map(keep).collect()
}

fn resolve(value: Value, ids: &BulkIds) -> Result<Value> {
    Ok(match value {
        Value::String(text) => match named(&text) {
            Some(bulk_id) => match ids.get(bulk_id) {
                Some(id) => Value::String(id.clone()),
                None => return Err(unresolved(bulk_id)),
            },
            None => Value::String(text),
        },
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .map(|item| resolve(item, ids))
                .collect::<Result<_>>()?,
        ),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, item)| {
                    let item = match item {
                        Value::String(path) if is_path(&name) => {
                            Value::String(resolve_path(&path, ids)?)
                        }
                        item => resolve(item, ids)?,
                    };
                    Ok((name, item))
                })
                .collect::<Result<_>>()?,
        ),
        other => other,
    })
}

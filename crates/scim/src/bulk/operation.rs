//! One operation of a bulk request.

use palisade_envelope::Result;
use serde_json::{Map, Value};

use super::reference;
use crate::error::{invalid_syntax, shortened};
use crate::schema::ResourceType;

/// An operation as it was sent.
#[derive(Debug)]
pub struct BulkOperation {
    /// The method, as it is told in the answer.
    pub method: String,
    /// What the client calls the resource that a POST creates.
    pub bulk_id: Option<String>,
    /// What is to be done; an error where that can't be read.
    pub call: Result<BulkCall>,
}

/// What an operation does.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkCall {
    /// How.
    pub method: BulkMethod,
    /// To resources of which type, by its name.
    pub resource_type: &'static str,
    /// To which resource; none for a POST.
    pub target: Option<BulkTarget>,
    /// The version that the resource must have, for [`crate::version::Versions::parse`].
    pub version: Option<String>,
    pub(super) data: Value,
}

/// The methods of bulk operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkMethod {
    /// Creates.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Deletes.
    Delete,
}

/// The resource of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BulkTarget {
    /// By its id.
    Id(String),
    /// By the `bulkId` of the operation that creates it.
    Reference(String),
}

impl BulkOperation {
    pub(super) fn read(sent: &Value, types: &[&ResourceType]) -> Self {
        let empty = Map::new();
        let members = sent.as_object().unwrap_or(&empty);
        let text = |name: &str| member(members, name).and_then(Value::as_str);
        Self {
            method: shortened(text("method").unwrap_or_default()).to_ascii_uppercase(),
            bulk_id: text("bulkId").map(ToOwned::to_owned),
            call: call(members, types),
        }
    }
}

fn member<'a>(of: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    of.iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .filter(|value| !value.is_null())
}

fn call(members: &Map<String, Value>, types: &[&ResourceType]) -> Result<BulkCall> {
    let text = |name: &str| match member(members, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(invalid_syntax(format!("`{name}` must be a string"))),
    };
    let method = match text("method")?
        .unwrap_or_default()
        .to_ascii_uppercase()
        .as_str()
    {
        "POST" => BulkMethod::Post,
        "PUT" => BulkMethod::Put,
        "PATCH" => BulkMethod::Patch,
        "DELETE" => BulkMethod::Delete,
        _ => {
            return Err(invalid_syntax(
                "`method` must be `POST`, `PUT`, `PATCH` or `DELETE`",
            ));
        }
    };
    let (resource_type, target) = path(text("path")?.unwrap_or_default(), types)?;
    let bulk_id = text("bulkId")?;
    match (method, &target) {
        (BulkMethod::Post, Some(_)) => {
            return Err(invalid_syntax("`path` of a POST names no resource"));
        }
        (BulkMethod::Post, None) if bulk_id.is_none_or(str::is_empty) => {
            return Err(invalid_syntax("a POST needs a `bulkId`"));
        }
        (BulkMethod::Post, None) | (_, Some(_)) => {}
        (_, None) => return Err(invalid_syntax("`path` must name a resource")),
    }
    let data = match (method, member(members, "data")) {
        (BulkMethod::Delete, _) => Value::Null,
        (_, Some(data @ Value::Object(_))) => data.clone(),
        _ => return Err(invalid_syntax("`data` must be a JSON object")),
    };
    Ok(BulkCall {
        method,
        resource_type,
        target,
        version: text("version")?.map(ToOwned::to_owned),
        data,
    })
}

/// `/Users`, `/Users/{id}`, `/Users/bulkId:x`. There is no bulk request within one.
fn path(path: &str, types: &[&ResourceType]) -> Result<(&'static str, Option<BulkTarget>)> {
    let unknown = || {
        let endpoints: Vec<&str> = types.iter().map(|of| of.endpoint()).collect();
        invalid_syntax(format!(
            "`path` is `{}`; expected one below {}",
            shortened(path),
            endpoints.join(", ")
        ))
    };
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let (endpoint, id) = match inner.split_once('/') {
        Some((endpoint, id)) => (endpoint, Some(id)),
        None => (inner, None),
    };
    let of = types
        .iter()
        .find(|of| of.endpoint().strip_prefix('/') == Some(endpoint))
        .ok_or_else(unknown)?;
    let target = match id {
        None => None,
        Some(id) if id.is_empty() || id.contains(['/', '?', '#']) => return Err(unknown()),
        Some(id) => Some(match reference::named(id) {
            Some(bulk_id) => BulkTarget::Reference(bulk_id.to_owned()),
            None => BulkTarget::Id(id.to_owned()),
        }),
    };
    Ok((of.name(), target))
}

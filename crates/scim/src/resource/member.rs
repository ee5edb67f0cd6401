//! Members of groups, as clients name them.

use std::collections::HashSet;

use palisade_envelope::Result;
use serde_json::{Map, Value};

use crate::limits;
use crate::value::{At, list};

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MemberKind {
    /// A user.
    User,
    /// A group.
    Group,
}

/// A member of a group as a client names it. Whether there is such a user or group in the tenant is not known here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member {
    /// The id.
    pub id: String,
    /// What the client says that it is. Most say nothing.
    pub kind: Option<MemberKind>,
}

impl Member {
    pub(crate) fn from_element(element: &Map<String, Value>) -> Option<Self> {
        let id = element.get("value")?.as_str()?.to_owned();
        let kind = element.get("type").and_then(Value::as_str);
        let kind = match kind {
            Some(kind) if kind.eq_ignore_ascii_case("user") => Some(MemberKind::User),
            Some(kind) if kind.eq_ignore_ascii_case("group") => Some(MemberKind::Group),
            _ => None,
        };
        Some(Self { id, kind })
    }
}

/// The members that a client names, each once. Whatever is no member is refused: a list that can't be read must never pass for
/// an empty one.
pub(crate) fn members(at: At<'_>, value: &Value) -> Result<Vec<Member>> {
    let sent = match value {
        Value::Array(items) => items.len(),
        _ => 1,
    };
    let elements = list(at, value)?;
    let mut seen = HashSet::with_capacity(elements.len().min(limits::MAX_MEMBERS_NAMED));
    let mut members = Vec::with_capacity(elements.len());
    let count = elements.len();
    for element in elements {
        let member = element
            .as_object()
            .and_then(Member::from_element)
            .ok_or_else(|| at.expected("members with `value`, the id of each"))?;
        if seen.insert(member.id.clone()) {
            members.push(member);
        }
    }
    if count != sent {
        return Err(at.expected("members with `value`, the id of each"));
    }
    Ok(members)
}

//! A group as it is answered.

use actix_web::{HttpRequest, http::StatusCode};
use palisade_envelope::Result;
use palisade_scim::{Projection, Resource, answer, resource::MemberKind, version::Version};
use palisade_store::ScimGroup;
use serde_json::{Map, Value, json};

use super::super::{
    context::{GROUP, USER, meta},
    users::check_lengths,
};
use crate::{problem::Answer, reply::Reply};

/// All of a group, as far as its members were loaded.
pub(super) fn complete(group: &ScimGroup, base: &str) -> Map<String, Value> {
    let id = group.id.to_string();
    let meta = meta(
        &GROUP,
        base,
        &id,
        group.created_at,
        group.updated_at,
        group.revision,
    );
    let members = group.members.iter().map(|member| {
        let (kind, endpoint) = match member.kind {
            MemberKind::User => ("User", USER.endpoint()),
            MemberKind::Group => ("Group", GROUP.endpoint()),
        };
        json!({
            "value": member.id,
            "$ref": format!("{base}{endpoint}/{}", member.id),
            "type": kind,
            "display": member.name,
        })
    });
    let mut computed = Map::new();
    computed.insert("members".to_owned(), Value::Array(members.collect()));
    answer::complete(group.resource.clone(), &GROUP, &id, &meta, computed)
}

/// A group, as far as it was asked for.
pub(super) fn projected(group: &ScimGroup, base: &str, projection: &Projection) -> Value {
    let mut complete = complete(group, base);
    projection.apply(&mut complete, &GROUP);
    Value::Object(complete)
}

/// Answers with a group.
///
/// # Errors
/// `internal` where it does not serialize.
pub(super) fn answer(
    status: StatusCode,
    request: &HttpRequest,
    group: &ScimGroup,
    base: &str,
    projection: &Projection,
) -> Answer {
    let place = format!("{base}{}/{}", GROUP.endpoint(), group.id);
    let mut reply =
        Reply::new(status, request).header("etag", Version::new(group.revision).to_string());
    reply = match status {
        StatusCode::CREATED => reply.header("location", place),
        _ => reply.header("content-location", place),
    };
    if status == StatusCode::NO_CONTENT {
        return Ok(reply.empty());
    }
    reply.json(&projected(group, base, projection))
}

/// Refuses texts that are longer than what is kept.
///
/// # Errors
/// `invalidValue` with the path.
pub(in crate::scim) fn check(resource: &Resource) -> Result<()> {
    resource.check_size()?;
    check_lengths(resource, &[("displayName", 512), ("externalId", 255)])
}

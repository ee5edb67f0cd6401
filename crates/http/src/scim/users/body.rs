//! A user as it is answered.

use actix_web::{HttpRequest, http::StatusCode};
use palisade_envelope::{Error, Result};
use palisade_scim::{Projection, Resource, ScimType, answer, error::refusal, version::Version};
use palisade_store::ScimUser;
use serde_json::{Map, Value, json};

use super::super::context::{GROUP, USER, meta};
use crate::{problem::Answer, reply::Reply};

/// All of a user.
pub(super) fn complete(user: &ScimUser, base: &str) -> Map<String, Value> {
    let id = user.id.to_string();
    let meta = meta(
        &USER,
        base,
        &id,
        user.created_at,
        user.updated_at,
        user.revision,
    );
    let groups = user.groups.iter().map(|group| {
        json!({
            "value": group.id,
            "$ref": format!("{base}{}/{}", GROUP.endpoint(), group.id),
            "display": &*group.name,
            "type": if group.direct { "direct" } else { "indirect" },
        })
    });
    let mut computed = Map::new();
    computed.insert("groups".to_owned(), Value::Array(groups.collect()));
    answer::complete(user.resource.clone(), &USER, &id, &meta, computed)
}

/// A user, as far as it was asked for.
pub(super) fn projected(user: &ScimUser, base: &str, projection: &Projection) -> Value {
    let mut complete = complete(user, base);
    projection.apply(&mut complete, &USER);
    Value::Object(complete)
}

/// Answers with a user.
///
/// # Errors
/// `internal` where it does not serialize.
pub(super) fn answer(
    status: StatusCode,
    request: &HttpRequest,
    user: &ScimUser,
    base: &str,
    projection: &Projection,
) -> Answer {
    let place = format!("{base}{}/{}", USER.endpoint(), user.id);
    let mut reply =
        Reply::new(status, request).header("etag", Version::new(user.revision).to_string());
    reply = match status {
        StatusCode::CREATED => reply.header("location", place),
        _ => reply.header("content-location", place),
    };
    reply.json(&projected(user, base, projection))
}

/// Refuses texts that are longer than what is kept.
///
/// # Errors
/// `invalidValue` with the path.
pub(super) fn check(resource: &Resource) -> Result<()> {
    let longest = [("userName", 255), ("externalId", 255), ("displayName", 512)];
    resource.check_size()?;
    check_lengths(resource, &longest)?;
    // An identifier is kept without them: the same name would be taken, and found by nobody who looks for it.
    let name = resource
        .attributes()
        .get("userName")
        .and_then(Value::as_str);
    if name.is_some_and(|name| name.trim() != name) {
        let sentence = "`userName`: expected no spaces at its beginning or end";
        return Err(refusal(ScimType::InvalidValue, sentence).detail("path", "userName"));
    }
    let emails = resource
        .attributes()
        .get("emails")
        .and_then(Value::as_array);
    for email in emails.into_iter().flatten() {
        let value = email.get("value").and_then(Value::as_str);
        if value.is_some_and(|text| text.chars().count() > 400) {
            return Err(too_long("emails.value", 400));
        }
    }
    Ok(())
}

/// The same for plain texts and the most characters of each.
///
/// # Errors
/// `invalidValue` with the path.
pub(in crate::scim) fn check_lengths(resource: &Resource, longest: &[(&str, usize)]) -> Result<()> {
    for (name, longest) in longest {
        let text = resource.attributes().get(*name).and_then(Value::as_str);
        if text.is_some_and(|text| text.chars().count() > *longest) {
            return Err(too_long(name, *longest));
        }
    }
    Ok(())
}

fn too_long(name: &str, longest: usize) -> Error {
    refusal(
        ScimType::InvalidValue,
        format!("`{name}`: expected {longest} characters at most"),
    )
    .detail("path", name)
}

//! What every operation needs to know of its request.

use std::sync::LazyLock;

use actix_web::HttpRequest;
use palisade_envelope::Result;
use palisade_identity::Timestamp;
use palisade_scim::{
    Projection, Query, ResourceType,
    meta::Meta,
    version::{Version, Versions},
};
use serde_json::Value;

use super::ROOT;
use crate::{
    App,
    call::{Call, Media},
    reply::base_url,
};

/// Users.
pub(super) static USER: LazyLock<ResourceType> = LazyLock::new(ResourceType::user);
/// Groups.
pub(super) static GROUP: LazyLock<ResourceType> = LazyLock::new(ResourceType::group);

/// The URL of the service without a slash at its end.
pub(super) fn base(request: &HttpRequest, app: &App) -> Result<String> {
    Ok(format!("{}{ROOT}", base_url(request, &app.settings)?))
}

/// The parameters of the query.
///
/// # Errors
/// As [`Query::parse`].
pub(super) fn query(query: &str) -> Result<Query> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    Query::parse(
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )
}

/// What of a resource is answered.
///
/// # Errors
/// As [`Query::parse`] and [`Projection::parse`].
pub(super) fn projection(request: &HttpRequest, of: &ResourceType) -> Result<Projection> {
    query(request.query_string())?.projection(of)
}

/// The body, as JSON.
///
/// # Errors
/// `unsupported_media_type`, `body_too_large`, `invalid_json`.
pub(super) async fn body(call: &mut Call) -> Result<Value> {
    palisade_identity::json::parse(&call.body(Media::Scim).await?)
}

/// The versions in `If-Match`, or in `If-None-Match`.
///
/// # Errors
/// `invalid_header` where they can't be read.
pub(super) fn versions(request: &HttpRequest, header: &str) -> Result<Option<Versions>> {
    let values: Vec<&str> = request
        .headers()
        .get_all(header)
        .filter_map(|value| value.to_str().ok())
        .collect();
    if values.is_empty() {
        return Ok(None);
    }
    Versions::parse(&values.join(",")).map(Some)
}

/// `meta` of a resource.
pub(super) fn meta(
    of: &ResourceType,
    base: &str,
    id: &str,
    created: Timestamp,
    modified: Timestamp,
    revision: i64,
) -> Meta {
    Meta {
        resource_type: of.name().to_owned(),
        created,
        last_modified: modified,
        location: format!("{base}{}/{id}", of.endpoint()),
        version: Version::new(revision).to_string(),
    }
}

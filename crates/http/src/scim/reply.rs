//! Replies of SCIM.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use palisade_scim::{ListResponse, query::Page, version::Version};
use serde_json::Value;

use crate::{problem::Answer, reply::Reply};

/// What answers are, unless a client takes plain JSON only.
pub(crate) const MEDIA_TYPE: &str = "application/scim+json; charset=utf-8";

/// What the answer to this request is: clients that name `application/json` and neither SCIM's type nor everything get that.
pub(crate) fn media_type(request: &HttpRequest) -> &'static str {
    let mut plain = false;
    let ranges = request
        .headers()
        .get_all(header::ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    for range in ranges {
        let essence = range.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/scim+json")
            || essence.eq_ignore_ascii_case("application/*")
            || essence == "*/*"
        {
            return MEDIA_TYPE;
        }
        plain |= essence.eq_ignore_ascii_case("application/json");
    }
    if plain {
        "application/json; charset=utf-8"
    } else {
        MEDIA_TYPE
    }
}

/// A page of resources.
pub(super) struct Found {
    /// How many fit, whatever the page.
    pub(super) total: u64,
    /// Those of the page.
    pub(super) resources: Vec<Value>,
    /// The cursor of the next page.
    pub(super) next: Option<String>,
}

/// Answers with a page.
///
/// # Errors
/// `internal` where it does not serialize.
pub(super) fn listed(request: &HttpRequest, page: &Page, found: Found) -> Answer {
    let Found {
        total,
        resources,
        next,
    } = found;
    let list = match page {
        Page::Index { start, .. } => ListResponse::by_index(total, *start, resources),
        Page::Cursor { .. } => ListResponse::by_cursor(total, resources, next, None),
    };
    Reply::ok(request).json(&list)
}

/// 304 for this revision.
pub(super) fn not_modified(request: &HttpRequest, revision: i64) -> HttpResponse {
    Reply::new(StatusCode::NOT_MODIFIED, request)
        .header("etag", Version::new(revision).to_string())
        .empty()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn google_plain_json_is_answered_to_who_takes_nothing_else() {
        let of = |accept: &str| {
            let request = TestRequest::get().insert_header(("accept", accept));
            media_type(&request.to_http_request())
        };
        for accept in [
            "*/*",
            "application/scim+json",
            "application/json, */*;q=0.1",
            "text/html",
            "",
        ] {
            assert_eq!(of(accept), MEDIA_TYPE, "{accept}");
        }
        assert_eq!(of("application/json"), "application/json; charset=utf-8");
        assert_eq!(
            media_type(&TestRequest::get().to_http_request()),
            MEDIA_TYPE
        );
    }
}

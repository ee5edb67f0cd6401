//! `If-Match` and `If-None-Match`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::HeaderName},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::etag::{IfMatch, IfNoneMatch};

use crate::reply::Reply;

/// The header's values as one list; `None` where it was not sent.
fn list(request: &HttpRequest, name: &'static str) -> Result<Option<String>> {
    let mut joined: Option<String> = None;
    for value in request.headers().get_all(HeaderName::from_static(name)) {
        let value = value
            .to_str()
            .map_err(|_| Error::new(Code::InvalidHeader).detail("field", name))?;
        joined =
            Some(joined.map_or_else(|| value.to_owned(), |before| format!("{before}, {value}")));
    }
    Ok(joined)
}

/// What `If-Match` asks for; `None` where it was not sent.
///
/// # Errors
/// `invalid_header` where it can't be read.
pub(crate) fn if_match(request: &HttpRequest) -> Result<Option<IfMatch>> {
    list(request, "if-match")?
        .map(|text| IfMatch::parse(&text))
        .transpose()
}

/// Checks `If-Match` against a revision.
///
/// # Errors
/// `stale_resource` where it asks for another; `invalid_header` where it can't be read.
pub(crate) fn check(request: &HttpRequest, revision: i64) -> Result<bool> {
    match if_match(request)? {
        None => Ok(false),
        Some(precondition) => precondition.check(revision).map(|()| true),
    }
}

/// Whether `If-None-Match` says that the caller has this revision already.
///
/// # Errors
/// `invalid_header` where it can't be read.
pub(crate) fn unchanged(request: &HttpRequest, revision: i64) -> Result<bool> {
    match list(request, "if-none-match")? {
        None => Ok(false),
        Some(text) => Ok(IfNoneMatch::parse(&text)?.matches(revision)),
    }
}

/// 304 for this revision.
pub(crate) fn not_modified(request: &HttpRequest, revision: i64) -> HttpResponse {
    Reply::new(StatusCode::NOT_MODIFIED, request)
        .etag(revision)
        .empty()
}

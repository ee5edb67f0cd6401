//! Replies that are no errors.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use palisade_envelope::{Error, Result};
use serde::Serialize;

use crate::{dialect::Dialect, problem::Answer, query::Query};

/// `Cache-Control` of everything that only its caller may see.
pub(crate) const NEVER_KEPT: &str = "private, no-cache, no-store, must-revalidate";

/// A reply being put together.
pub(crate) struct Reply {
    builder: HttpResponseBuilder,
    content_type: &'static str,
}

impl Reply {
    /// A reply of this status in the dialect of the path.
    pub(crate) fn new(status: StatusCode, request: &HttpRequest) -> Self {
        let mut builder = HttpResponseBuilder::new(status);
        builder.insert_header((header::CACHE_CONTROL, NEVER_KEPT));
        let content_type = match Dialect::of(request.path()) {
            Dialect::Ory => "application/json; charset=utf-8",
            Dialect::Scim => crate::scim::media_type(request),
            Dialect::V1 => "application/json",
        };
        Self {
            builder,
            content_type,
        }
    }

    /// 200.
    pub(crate) fn ok(request: &HttpRequest) -> Self {
        Self::new(StatusCode::OK, request)
    }

    /// 201 with its place.
    pub(crate) fn created(request: &HttpRequest, location: String) -> Self {
        Self::new(StatusCode::CREATED, request).header("location", location)
    }

    /// Adds a header. A value that can't stand in one is left out: nothing that we make is of that kind.
    pub(crate) fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        if let Ok(value) = header::HeaderValue::from_str(value.as_ref()) {
            self.builder.insert_header((name, value));
        }
        self
    }

    /// The entity tag of this revision.
    pub(crate) fn etag(self, revision: i64) -> Self {
        self.header("etag", format!("\"{revision}\""))
    }

    /// Finishes with this JSON.
    ///
    /// # Errors
    /// `internal` where it does not serialize.
    pub(crate) fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Answer {
        let mut bytes = serde_json::to_vec(body).map_err(Error::internal)?;
        bytes.push(b'\n');
        Ok(self
            .builder
            .insert_header((header::CONTENT_TYPE, self.content_type))
            .body(bytes))
    }

    /// Finishes without a body.
    pub(crate) fn empty(mut self) -> HttpResponse {
        self.builder.finish()
    }
}

/// 204.
pub(crate) fn no_content(request: &HttpRequest) -> Answer {
    Ok(Reply::new(StatusCode::NO_CONTENT, request).empty())
}

/// A collection on `/v1`.
#[derive(Serialize)]
struct Collection<T> {
    /// The items of this page.
    data: Vec<T>,
    /// What to send as `page_token` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// Answers with a collection on `/v1`, with its `Link` header.
///
/// # Errors
/// `internal` where an item does not serialize.
pub(crate) fn collection<T: Serialize>(
    request: &HttpRequest,
    query: &Query,
    data: Vec<T>,
    next: Option<String>,
) -> Answer {
    let link = link(request, query, None, next.as_deref());
    Reply::ok(request).header("link", link).json(&Collection {
        data,
        next_page_token: next,
    })
}

/// The header `Link`: relative, keys sorted, a comma without a space between, `next` left out on the last page.
pub(crate) fn link(
    request: &HttpRequest,
    query: &Query,
    size: Option<&str>,
    next: Option<&str>,
) -> String {
    let target = |token: Option<&str>| {
        let mut changes = vec![("page_token", token)];
        if size.is_some() {
            changes.push(("page_size", size));
            changes.push(("per_page", None));
        }
        let query = query.with(&changes);
        let path = request.path();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        }
    };
    let mut link = format!("<{}>; rel=\"first\"", target(None));
    if let Some(token) = next {
        link.push_str(&format!(",<{}>; rel=\"next\"", target(Some(token))));
    }
    link
}

/// The header `Link` of pages by number, as [`palisade_identity::page::PageNumber::links`] gives them; `more` adds what
/// else names the page of this number.
pub(crate) fn numbered_links(
    request: &HttpRequest,
    query: &Query,
    links: Vec<(&'static str, u64, u64)>,
    more: impl Fn((u64, u64)) -> Vec<(&'static str, Option<String>)>,
) -> String {
    let link = |(rel, page, size): (&'static str, u64, u64)| {
        let mut changes = vec![
            ("page", Some(page.to_string())),
            ("per_page", Some(size.to_string())),
        ];
        changes.extend(more((page, size)));
        let changes: Vec<_> = changes
            .iter()
            .map(|(name, value)| (*name, value.as_deref()))
            .collect();
        format!(
            "<{}?{}>; rel=\"{rel}\"",
            request.path(),
            query.with(&changes)
        )
    };
    links.into_iter().map(link).collect::<Vec<_>>().join(",")
}

/// Scheme and authority that the caller reaches us at.
///
/// # Errors
/// `invalid_header` where `Host` can't be one.
pub(crate) fn base_url(request: &HttpRequest, settings: &crate::Settings) -> Result<String> {
    if let Some(url) = &settings.public_url {
        return Ok(url.clone());
    }
    // The work of reading what proxies say is left out where none says anything.
    let headers = request.headers();
    let secure = if headers.contains_key(header::FORWARDED)
        || headers.contains_key(header::X_FORWARDED_PROTO)
    {
        request.connection_info().scheme() == "https"
    } else {
        request.app_config().secure()
    };
    let scheme = if secure { "https" } else { "http" };
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("localhost");
    let fit = (1..=255).contains(&host.len())
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
    if fit {
        Ok(format!("{scheme}://{host}"))
    } else {
        Err(Error::new(palisade_envelope::Code::InvalidHeader).detail("field", "Host"))
    }
}

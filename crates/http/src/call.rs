//! The request as handlers see it: its parts are read only when asked for, so that nothing of it can be refused
//! before the decision.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    rc::Rc,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use palisade_envelope::{Code, Error, Result};

use crate::{dialect::Dialect, query::Query, trail::Trail};

/// A request whose query and body have not been looked at. Taking it never fails.
pub struct Call {
    /// Path and headers.
    pub request: HttpRequest,
    payload: Payload,
    /// The body, where it was read before the handler asked for it.
    kept: Option<Bytes>,
}

impl FromRequest for Call {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            request: request.clone(),
            payload: payload.take(),
            kept: None,
        }))
    }
}

/// What a body must be declared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// Anything: Ory does not look at it on create and patch.
    Any,
    /// `application/json`.
    Json,
    /// `application/json`, as Ory's PUT wants it: anything else, and an empty body, is a 400 there.
    OryJson,
    /// `application/merge-patch+json` or `application/json`.
    MergePatch,
    /// `application/scim+json`, `application/json`, or nothing said.
    Scim,
}

impl Call {
    /// The dialect of the path.
    pub fn dialect(&self) -> Dialect {
        Dialect::of(self.request.path())
    }

    /// The query. On `/v1` a parameter that is not among `known` is refused by name; Ory's dialect ignores it.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn query(&self, known: &[&str]) -> Result<Query> {
        let query = Query::parse(self.request.query_string());
        if self.dialect() == Dialect::V1 {
            query.only(known)?;
        }
        Ok(query)
    }

    /// The body, up to the surface's limit.
    ///
    /// # Errors
    /// `unsupported_media_type` where it is declared as something else than `media`; `body_too_large`;
    /// `invalid_request` where it breaks off.
    pub async fn body(&mut self, media: Media) -> Result<Bytes> {
        self.check_media(media)?;
        let body = match self.kept.take() {
            Some(body) => body,
            None => self.read().await?,
        };
        if media == Media::OryJson && body.is_empty() {
            return Err(Error::with_message(
                Code::InvalidJson,
                "Unable to decode HTTP Request Body because its HTTP Header \"Content-Length\" is zero.",
            ));
        }
        Ok(body)
    }

    /// Reads the body, whatever it is declared as, and keeps it for the handler.
    ///
    /// # Errors
    /// As [`Self::body`], but for the media type.
    pub(crate) async fn keep(&mut self) -> Result<Bytes> {
        let body = self.read().await?;
        self.kept = Some(body.clone());
        Ok(body)
    }

    async fn read(&mut self) -> Result<Bytes> {
        let limit = Dialect::body_limit(self.request.path());
        let announced = self
            .request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            self.drain(limit).await;
            return Err(too_large(limit));
        }
        let mut body = BytesMut::with_capacity(announced.unwrap_or(0).min(limit));
        while let Some(chunk) = self.payload.next().await {
            let chunk = chunk.map_err(|error| {
                Error::with_message(
                    Code::InvalidRequest,
                    "the request body can't be read to its end",
                )
                .caused_by(error)
            })?;
            if body.len().saturating_add(chunk.len()) > limit {
                self.drain(limit).await;
                return Err(too_large(limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// The body of an operation that does without one: `None` where there is none.
    ///
    /// # Errors
    /// As [`Self::body`].
    pub async fn optional_body(&mut self, media: Media) -> Result<Option<Bytes>> {
        if self.request.headers().contains_key(header::CONTENT_TYPE) {
            let body = self.body(media).await?;
            return Ok(Some(body).filter(|body| !body.is_empty()));
        }
        if self.body(Media::Any).await?.is_empty() {
            return Ok(None);
        }
        self.check_media(media)?;
        Ok(None)
    }

    /// Reads on for a while, so that a client that sends before it listens gets to see the answer.
    async fn drain(&mut self, limit: usize) {
        let mut left = limit.saturating_mul(2);
        while let Some(Ok(chunk)) = self.payload.next().await {
            let Some(rest) = left.checked_sub(chunk.len()) else {
                return;
            };
            left = rest;
        }
    }

    fn check_media(&self, media: Media) -> Result<()> {
        let headers = self.request.headers();
        if headers
            .get(header::CONTENT_ENCODING)
            .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            return Err(Error::with_message(
                Code::UnsupportedMediaType,
                "the body must not be compressed: leave `Content-Encoding` out",
            ));
        }
        let expected = match media {
            Media::Any => return Ok(()),
            Media::Json | Media::OryJson => "`application/json`",
            Media::MergePatch => "`application/merge-patch+json` or `application/json`",
            Media::Scim if !headers.contains_key(header::CONTENT_TYPE) => return Ok(()),
            Media::Scim => "`application/scim+json` or `application/json`",
        };
        let declared = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = declared
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let fits = essence == "application/json"
            || (media == Media::MergePatch && essence == "application/merge-patch+json")
            || (media == Media::Scim && essence == "application/scim+json");
        if fits {
            return Ok(());
        }
        let code = match media {
            Media::OryJson => Code::InvalidRequest,
            _ => Code::UnsupportedMediaType,
        };
        Err(
            Error::with_message(code, format!("`Content-Type`: expected {expected}"))
                .detail("field", "Content-Type")
                .detail("expected", expected),
        )
    }

    /// The path parameter of this name, decoded.
    ///
    /// # Errors
    /// `invalid_request` where it does not decode to UTF-8.
    pub fn path(&self, name: &str) -> Result<String> {
        path_parameter(&self.request, name)
    }

    pub(crate) fn trail(&self) -> Rc<Trail> {
        Trail::of(&self.request)
    }

    /// The application's parts.
    ///
    /// # Errors
    /// `internal` where the route was mounted outside of [`crate::configure`].
    pub(crate) fn app(&self) -> Result<web::Data<crate::App>> {
        app(&self.request)
    }
}

fn too_large(limit: usize) -> Error {
    Error::with_message(
        Code::BodyTooLarge,
        format!("the request body is larger than {limit} bytes"),
    )
    .detail("limit", limit)
}

/// The path parameter of this name, decoded.
///
/// # Errors
/// `invalid_request` where it does not decode to UTF-8.
pub(crate) fn path_parameter(request: &HttpRequest, name: &str) -> Result<String> {
    // The router has decoded all but `%`, `/` and `+`; those are left for here.
    percent_encoding::percent_decode_str(request.match_info().query(name))
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Error::field(name, "percent-encoded UTF-8"))
}

pub(crate) fn app(request: &HttpRequest) -> Result<web::Data<crate::App>> {
    request
        .app_data::<web::Data<crate::App>>()
        .cloned()
        .ok_or_else(|| Error::internal("no application data"))
}

//! The error value on its way out. Handlers raise it, the door renders it in the dialect of the path.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use palisade_authz::Refusal;
use palisade_envelope::{Code, Error};

/// An [`Error`] that a handler answers with.
///
/// It has no body of its own: [`crate::door`] finds it in the response and renders it, because only there dialect
/// and request id are known.
#[derive(Debug)]
pub struct Problem {
    error: Error,
    allow: Option<String>,
}

impl Problem {
    /// 405 with the methods that the path knows, as the header `Allow` lists them.
    pub fn method_not_allowed(allow: String) -> Self {
        Self {
            error: Error::new(Code::MethodNotAllowed),
            allow: Some(allow),
        }
    }

    /// What is to be rendered and logged.
    pub const fn error(&self) -> &Error {
        &self.error
    }

    /// The header `Allow`, for a 405.
    pub fn allow(&self) -> Option<&str> {
        self.allow.as_deref()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { error, allow: None }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::from(Error::from(refusal))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.error.code().status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// What handlers return.
pub type Answer = Result<HttpResponse, Problem>;

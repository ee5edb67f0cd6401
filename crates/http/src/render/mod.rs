//! One error value, one renderer a dialect.

mod ory;
mod v1;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};

use crate::{dialect::Dialect, problem::Problem};

/// The reply that tells this problem in this dialect.
pub(crate) fn problem(problem: &Problem, dialect: Dialect, request_id: &str) -> HttpResponse {
    let envelope = problem.error().envelope();
    let status =
        StatusCode::from_u16(envelope.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = HttpResponseBuilder::new(status);
    reply.insert_header((header::CONTENT_TYPE, "application/json"));
    reply.insert_header((header::CACHE_CONTROL, crate::reply::NEVER_KEPT));
    if let Some(allow) = problem.allow() {
        reply.insert_header((header::ALLOW, allow));
    }
    if status == StatusCode::UNAUTHORIZED {
        reply.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"palisade\""));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        reply.insert_header((header::RETRY_AFTER, "1"));
    }
    let body = match dialect {
        Dialect::V1 => v1::body(envelope),
        Dialect::Ory => {
            reply.insert_header(("Ory-Error-Id", envelope.code.as_str()));
            ory::body(envelope, status, request_id)
        }
    };
    reply.body(body)
}

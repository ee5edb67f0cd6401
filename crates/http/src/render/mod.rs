//! One error value, one renderer a dialect.

mod ory;
mod v1;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};

use palisade_envelope::Error;

use crate::{dialect::Dialect, problem::Problem};

/// The name of a status, and what it means in general, as errors within replies of Ory's dialect have them.
pub(crate) fn ory_words(status: u16) -> (&'static str, &'static str) {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (
        status.canonical_reason().unwrap_or_default(),
        ory::general(status),
    )
}

/// The reply that tells this problem in this dialect.
pub(crate) fn problem(problem: &Problem, dialect: Dialect, request_id: &str) -> HttpResponse {
    // What a fault of ours says is constant: whoever raised it may have put its cause into the sentence.
    let constant = Error::new(problem.error().code());
    let fault = problem.error().code().status() >= 500;
    let error = if fault { &constant } else { problem.error() };
    let envelope = error.envelope();
    let status =
        StatusCode::from_u16(envelope.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = HttpResponseBuilder::new(status);
    let content_type = match dialect {
        Dialect::Scim => crate::scim::MEDIA_TYPE,
        Dialect::Ory | Dialect::V1 => "application/json",
    };
    reply.insert_header((header::CONTENT_TYPE, content_type));
    reply.insert_header((header::CACHE_CONTROL, crate::reply::NEVER_KEPT));
    if let Some(allow) = problem.allow() {
        reply.insert_header((header::ALLOW, allow));
    }
    if status == StatusCode::UNAUTHORIZED {
        reply.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"palisade\""));
    }
    if envelope.code.asks_to_wait() {
        let seconds = envelope
            .details
            .get("retry_after_seconds")
            .and_then(serde_json::Value::as_u64);
        reply.insert_header((header::RETRY_AFTER, seconds.unwrap_or(1).to_string()));
    }
    let body = match dialect {
        Dialect::V1 => v1::body(envelope),
        Dialect::Scim => format!("{}\n", palisade_scim::error::body(error)),
        Dialect::Ory => {
            reply.insert_header(("Ory-Error-Id", envelope.code.as_str()));
            ory::body(envelope, status, request_id)
        }
    };
    reply.body(body)
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody as _;

    use palisade_envelope::Code;

    use super::*;

    #[test]
    fn a_fault_says_one_constant_sentence_in_every_dialect() {
        let fault = || {
            Error::with_message(Code::Internal, "SELECT failed")
                .detail("table", "tenants")
                .caused_by("disk full")
        };
        for dialect in [Dialect::Ory, Dialect::Scim, Dialect::V1] {
            let reply = problem(&Problem::from(fault()), dialect, "r-1");
            assert_eq!(reply.status(), 500);
            let bytes = reply
                .into_body()
                .try_into_bytes()
                .expect("a body in memory");
            let text = String::from_utf8(bytes.to_vec()).expect("text");
            assert!(text.contains(Code::Internal.sentence()), "{text}");
            assert!(
                !text.contains("SELECT") && !text.contains("tenants") && !text.contains("disk"),
                "{text}"
            );
        }
    }
}

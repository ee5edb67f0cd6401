//! The headers of replies in the document.

use actix_web::http::Method;
use palisade_envelope::Code;
use serde_json::{Map, Value, json};

use crate::{
    dialect::Dialect,
    doc::ReplyHeader,
    routes::{Entry, Operation},
};

const REQUEST_ID: ReplyHeader = ReplyHeader::always(
    "X-Request-ID",
    "^[!-~]{1,128}$",
    "the id of the request, as it was sent or made",
);
const ETAG: (&str, &str, &str) = ("ETag", "^\"[0-9]+\"$", "the revision");
const NOTICE: ReplyHeader = ReplyHeader::sometimes(
    "Palisade-Notice",
    "^[ -~]*$",
    "what the policies that permitted it say; percent-encoded UTF-8 outside ASCII",
);
const REPLAYED: ReplyHeader = ReplyHeader::sometimes(
    "Idempotency-Replayed",
    "^true$",
    "the answer was given before, to the same `Idempotency-Key`",
);
const LOCATION: ReplyHeader = ReplyHeader::always("Location", "^(https?:/)?/", "where it is now");
const LINK: ReplyHeader = ReplyHeader::always(
    "Link",
    "^</[^>]*>; rel=\"[a-z]+\"(,</[^>]*>; rel=\"[a-z]+\")*$",
    "the first page, the next one where there is one, and others where pages are numbered",
);
const ERROR_ID: ReplyHeader =
    ReplyHeader::always("Ory-Error-Id", "^[a-z_]+$", "the code of the error");
const AUTHENTICATE: ReplyHeader =
    ReplyHeader::always("WWW-Authenticate", "^Bearer ", "what is asked for");
const RETRY_AFTER: (&str, &str, &str) = (
    "Retry-After",
    "^[0-9]+$",
    "in how many seconds it may be tried again",
);

/// The headers of a reply that is no error.
pub(super) fn of_success(operation: &Operation, status: u16) -> Value {
    let doc = &operation.doc;
    let mut headers = vec![REQUEST_ID];
    if doc.tagged {
        let (name, pattern, about) = ETAG;
        // A reply that a parameter asks for stands for no revision.
        headers.push(if doc.or.is_some() && status == 200 {
            ReplyHeader::sometimes(name, pattern, about)
        } else {
            ReplyHeader::always(name, pattern, about)
        });
    }
    if matches!(operation.entry, Entry::Guarded { .. }) {
        headers.push(NOTICE);
    }
    if super::operation::idempotent(operation) {
        headers.push(REPLAYED);
    }
    if status == 201 {
        headers.push(LOCATION);
    }
    if doc.linked && operation.method == Method::GET {
        headers.push(LINK);
    }
    if status != 304 {
        headers.extend_from_slice(&doc.headers);
    }
    object(&headers)
}

/// The headers of an error of these codes, which have one status.
pub(super) fn of_error(codes: &[Code], dialect: Dialect) -> Value {
    let mut headers = vec![REQUEST_ID];
    if dialect == Dialect::Ory {
        headers.push(ERROR_ID);
    }
    if codes.iter().any(|code| code.status() == 401) {
        headers.push(AUTHENTICATE);
    }
    let (name, pattern, about) = RETRY_AFTER;
    if codes.iter().all(|code| code.asks_to_wait()) {
        headers.push(ReplyHeader::always(name, pattern, about));
    } else if codes.iter().any(|code| code.asks_to_wait()) {
        headers.push(ReplyHeader::sometimes(name, pattern, about));
    }
    object(&headers)
}

fn object(headers: &[ReplyHeader]) -> Value {
    let headers: Map<String, Value> = headers
        .iter()
        .map(|header| {
            let schema = json!({ "type": "string", "pattern": header.pattern });
            let value =
                json!({ "description": header.about, "required": header.always, "schema": schema });
            (header.name.to_owned(), value)
        })
        .collect();
    headers.into()
}

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
const ETAG: ReplyHeader = ReplyHeader::always("ETag", "^\"[0-9]+\"$", "the revision");
const ETAG_SOMETIMES: ReplyHeader = ReplyHeader {
    always: false,
    ..ETAG
};
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
const RETRY_AFTER: ReplyHeader = ReplyHeader::always(
    "Retry-After",
    "^[0-9]+$",
    "in how many seconds it may be tried again",
);
const RETRY_AFTER_SOMETIMES: ReplyHeader = ReplyHeader {
    always: false,
    ..RETRY_AFTER
};

/// The headers of a reply that is no error.
pub(super) fn of_success(operation: &Operation, status: u16) -> Value {
    let doc = &operation.doc;
    let mut headers = vec![REQUEST_ID];
    if doc.tagged {
        // A reply that a parameter asks for stands for no revision.
        let always = doc.or.is_none() || status != 200;
        headers.push(if always { ETAG } else { ETAG_SOMETIMES });
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
    if codes.iter().all(|code| code.asks_to_wait()) {
        headers.push(RETRY_AFTER);
    } else if codes.iter().any(|code| code.asks_to_wait()) {
        headers.push(RETRY_AFTER_SOMETIMES);
    }
    object(&headers)
}

/// Those that many replies have, by their names in the document.
const SHARED: &[(&str, ReplyHeader)] = &[
    ("RequestId", REQUEST_ID),
    ("ETag", ETAG),
    ("ETagOfRevision", ETAG_SOMETIMES),
    ("PalisadeNotice", NOTICE),
    ("IdempotencyReplayed", REPLAYED),
    ("Location", LOCATION),
    ("Link", LINK),
    ("OryErrorId", ERROR_ID),
    ("WWWAuthenticate", AUTHENTICATE),
    ("RetryAfter", RETRY_AFTER),
    ("RetryAfterOfSome", RETRY_AFTER_SOMETIMES),
];

/// The headers that replies refer to.
pub(super) fn shared() -> Value {
    let headers: Map<String, Value> = SHARED
        .iter()
        .map(|(name, header)| ((*name).to_owned(), described(header)))
        .collect();
    headers.into()
}

fn object(headers: &[ReplyHeader]) -> Value {
    let headers: Map<String, Value> = headers
        .iter()
        .map(|header| {
            let shared = SHARED.iter().find(|(_, shared)| shared == header);
            let value = match shared {
                Some((name, _)) => json!({ "$ref": format!("#/components/headers/{name}") }),
                None => described(header),
            };
            (header.name.to_owned(), value)
        })
        .collect();
    headers.into()
}

fn described(header: &ReplyHeader) -> Value {
    let schema = json!({ "type": "string", "pattern": header.pattern });
    json!({ "description": header.about, "required": header.always, "schema": schema })
}

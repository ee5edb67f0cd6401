//! Ory's dialect: what herodot's clients parse under `error`, and beside it the envelope as on `/v1`.

use actix_web::http::StatusCode;
use palisade_envelope::{Envelope, Notice};
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
struct Body<'a> {
    error: Inner<'a>,
    #[serde(flatten)]
    envelope: &'a Envelope,
}

#[derive(Serialize)]
struct Inner<'a> {
    id: &'static str,
    code: u16,
    status: &'static str,
    request: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    details: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "<[Notice]>::is_empty")]
    notices: &'a [Notice],
    message: &'static str,
}

/// The body of an error reply on the Ory surfaces.
pub(super) fn body(envelope: &Envelope, status: StatusCode, request_id: &str) -> String {
    let body = Body {
        error: Inner {
            id: envelope.code.as_str(),
            code: status.as_u16(),
            status: status.canonical_reason().unwrap_or_default(),
            request: request_id,
            reason: &envelope.message,
            details: &envelope.details,
            notices: &envelope.notices,
            message: general(status),
        },
        envelope,
    };
    let mut body = serde_json::to_string(&body).unwrap_or_default();
    body.push('\n');
    body
}

/// What the status means in general; clients of this dialect show it as a heading, so it is a whole sentence's start.
pub(super) fn general(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "The request was malformed or contained invalid parameters",
        401 => "The request could not be authorized",
        403 => "The requested action was forbidden",
        404 => "Unable to locate the resource",
        405 => "The method is not allowed for this path",
        409 => "The resource could not be created due to a conflict",
        412 => "The resource has changed since it was read",
        413 => "The request body is too large",
        415 => "The media type of the request body is not supported",
        422 => "The document is not acceptable",
        429 => "Too many requests",
        503 => "The service is unavailable",
        _ => "An internal server error occurred, please contact the system administrator",
    }
}

#[cfg(test)]
mod tests {
    use palisade_envelope::{Code, Error};

    use super::*;

    #[test]
    fn the_body_is_orys_with_the_envelope_beside_it() {
        let error = Error::field("state", "`active` or `inactive`")
            .notices(vec![Notice::new("ask security")]);
        let text = body(error.envelope(), StatusCode::BAD_REQUEST, "r-1");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["error"]["code"], 400);
        assert_eq!(value["error"]["status"], "Bad Request");
        assert_eq!(value["error"]["request"], "r-1");
        assert_eq!(value["error"]["reason"], value["message"]);
        assert_eq!(
            value["error"]["notices"],
            serde_json::json!(["ask security"])
        );
        assert_eq!(value["code"], Code::InvalidRequest.as_str());
        assert_eq!(value["details"]["field"], "state");
        assert_eq!(value["notices"], serde_json::json!(["ask security"]));
    }
}

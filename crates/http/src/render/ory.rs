//! Ory's dialect: what herodot's clients parse under `error`, and beside it the envelope as on `/v1`.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use palisade_envelope::{Code, Envelope, Notice};
use palisade_identity::{change::IN_THE_WAY, patch::UNREADABLE};
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
    reason: Cow<'a, str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    details: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "<[Notice]>::is_empty")]
    notices: &'a [Notice],
    message: Cow<'a, str>,
}

/// The body of an error reply on the Ory surfaces.
pub(super) fn body(envelope: &Envelope, status: StatusCode, request_id: &str) -> String {
    let (reason, message) = wording(envelope, status);
    let body = Body {
        error: Inner {
            id: envelope.code.as_str(),
            code: status.as_u16(),
            status: status.canonical_reason().unwrap_or_default(),
            request: request_id,
            reason,
            details: &envelope.details,
            notices: &envelope.notices,
            message,
        },
        envelope,
    };
    let mut body = serde_json::to_string(&body).unwrap_or_default();
    body.push('\n');
    body
}

/// Where Ory has what: as a rule `reason` is exact and `message` general. The exact text stands in `message` where a body
/// could not be decoded or a JSON Patch not be applied; clients look for it there.
fn wording(envelope: &Envelope, status: StatusCode) -> (Cow<'_, str>, Cow<'_, str>) {
    let exact = || Cow::Borrowed(envelope.message.as_ref());
    match envelope.code {
        Code::InvalidJson => (exact(), exact()),
        Code::UnknownField => {
            let path = envelope.details.get("field").and_then(Value::as_str);
            let name = path.and_then(|path| path.rsplit('.').next());
            let message = name.map(|name| Cow::Owned(format!("json: unknown field \"{name}\"")));
            (exact(), message.unwrap_or_else(exact))
        }
        Code::InvalidPatch if envelope.message != UNREADABLE => {
            (Cow::Borrowed("failed to apply JSON patch"), exact())
        }
        Code::Conflict if envelope.message == IN_THE_WAY => (exact(), exact()),
        _ => (exact(), Cow::Borrowed(general(status))),
    }
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
    use palisade_envelope::Error;

    use super::*;

    #[test]
    fn the_exact_text_stands_where_orys_clients_look_for_it() {
        let told = |error: Error| {
            let status = StatusCode::from_u16(error.code().status()).expect("a status");
            let text = body(error.envelope(), status, "r-1");
            let value: Value = serde_json::from_str(&text).expect("JSON");
            let text = |name: &str| value["error"][name].as_str().unwrap_or_default().to_owned();
            (text("reason"), text("message"))
        };
        let patch = Error::with_message(Code::InvalidPatch, "patch includes denied path: /id");
        assert_eq!(
            told(patch),
            (
                "failed to apply JSON patch".to_owned(),
                "patch includes denied path: /id".to_owned()
            )
        );
        let patch = Error::with_message(Code::InvalidPatch, UNREADABLE);
        assert_eq!(told(patch).0, UNREADABLE);
        let field = Error::with_message(Code::UnknownField, "unknown field `a.b`");
        let field = told(field.detail("field", "a.b"));
        assert_eq!(field.1, "json: unknown field \"b\"");
    }

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

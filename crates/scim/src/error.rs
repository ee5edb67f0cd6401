//! Refusals as SCIM says them (RFC 7644 section 3.12).
//!
//! The house has one error value, [`palisade_envelope::Error`]. What SCIM adds stands in its details: `scimType`, and where
//! it helps `path`, `position` and `hint`. [`body`] renders any error of the house, also one that knows nothing of SCIM.

use palisade_envelope::{Code, Error};
use serde_json::{Map, Value, json};

use crate::urn;

macro_rules! scim_types {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $code:ident;)+) => {
        /// The detail error keyword of a SCIM error (RFC 7644 table 9, RFC 9865 section 2.2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ScimType {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl ScimType {
            /// Every keyword.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The keyword as clients see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The code of the house that carries it, and with it the HTTP status.
            pub const fn code(self) -> Code {
                match self { $(Self::$variant => Code::$code,)+ }
            }
        }
    };
}

scim_types! {
    /// A filter can't be read, or names an attribute or an operator that does not go.
    InvalidFilter = "invalidFilter", InvalidRequest;
    /// The filter gives more than the service is willing to look through.
    TooMany = "tooMany", InvalidRequest;
    /// A value that must be unique is taken.
    Uniqueness = "uniqueness", Conflict;
    /// The attribute is read-only, or immutable and has a value.
    Mutability = "mutability", InvalidRequest;
    /// The body is no JSON, or not of the structure of its message.
    InvalidSyntax = "invalidSyntax", InvalidRequest;
    /// The path of a PATCH can't be read, or names no attribute.
    InvalidPath = "invalidPath", InvalidRequest;
    /// The path of a PATCH matches nothing that could be changed.
    NoTarget = "noTarget", InvalidRequest;
    /// A value is missing or does not fit its attribute.
    InvalidValue = "invalidValue", InvalidRequest;
    /// The version of the protocol is not supported.
    InvalidVers = "invalidVers", InvalidRequest;
    /// The request has something in its address that does not belong there.
    Sensitive = "sensitive", Forbidden;
    /// The cursor is not one of the service's, or of another list.
    InvalidCursor = "invalidCursor", InvalidPageToken;
    /// The cursor is too old.
    ExpiredCursor = "expiredCursor", InvalidPageToken;
    /// The count of a page with a cursor is not acceptable.
    InvalidCount = "invalidCount", InvalidRequest;
}

const SCIM_TYPE: &str = "scimType";

/// A refusal with a keyword of SCIM and a sentence for the client. User input in the sentence stands in backticks.
pub fn refusal(scim_type: ScimType, sentence: impl Into<String>) -> Error {
    Error::with_message(scim_type.code(), sentence.into()).detail(SCIM_TYPE, scim_type.as_str())
}

/// `invalidValue` at an attribute.
pub(crate) fn invalid_value(path: &str, expected: &str) -> Error {
    refusal(
        ScimType::InvalidValue,
        format!("`{}`: expected {expected}", shortened(path)),
    )
    .detail("path", shortened(path))
}

/// `invalidSyntax`, of a message that is not built as it should.
pub(crate) fn invalid_syntax(sentence: impl Into<String>) -> Error {
    refusal(ScimType::InvalidSyntax, sentence)
}

/// `mutability` at an attribute.
pub(crate) fn mutability(path: &str, why: &str) -> Error {
    refusal(ScimType::Mutability, format!("`{}` {why}", shortened(path)))
        .detail("path", shortened(path))
}

/// A request that asks for more than one may: 413.
pub(crate) fn too_large(sentence: impl Into<String>) -> Error {
    Error::with_message(Code::BodyTooLarge, sentence.into())
}

/// Text from outside, short enough for a sentence and a line of it.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 120;
    let mut chars = text.chars();
    let mut short: String = chars
        .by_ref()
        .take(MOST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if chars.next().is_some() {
        short.push_str("...");
    }
    short
}

/// The keyword that an error goes out with: its own, or the one that its code has in SCIM.
pub fn scim_type(error: &Error) -> Option<ScimType> {
    let own = error.envelope().details.get(SCIM_TYPE);
    if let Some(own) = own.and_then(Value::as_str) {
        return ScimType::ALL.iter().copied().find(|t| t.as_str() == own);
    }
    match error.code() {
        Code::InvalidRequest | Code::SchemaViolation | Code::InvalidId => {
            Some(ScimType::InvalidValue)
        }
        Code::InvalidJson | Code::UnknownField => Some(ScimType::InvalidSyntax),
        Code::InvalidPageToken => Some(ScimType::InvalidCursor),
        // To clients this means "there is one already", so it is said of taken values only.
        Code::Conflict if error.envelope().details.contains_key("conflicts") => {
            Some(ScimType::Uniqueness)
        }
        _ => None,
    }
}

/// The body of the answer that refuses: `schemas`, `status` as a string, `scimType` where there is one, `detail`. Where policies
/// have something to say, their notices, the code and the other details stand under Palisade's URN; otherwise there is nothing but
/// the RFC's members, since some clients refuse a message with any other.
pub fn body(error: &Error) -> Value {
    let envelope = error.envelope();
    let mut body = Map::new();
    body.insert("schemas".to_owned(), json!([urn::ERROR]));
    body.insert(
        "status".to_owned(),
        envelope.code.status().to_string().into(),
    );
    if let Some(scim_type) = scim_type(error) {
        body.insert(SCIM_TYPE.to_owned(), scim_type.as_str().into());
    }
    body.insert("detail".to_owned(), envelope.message.as_ref().into());
    if envelope.notices.is_empty() {
        return Value::Object(body);
    }
    body.insert(
        "schemas".to_owned(),
        json!([urn::ERROR, urn::PALISADE_ERROR]),
    );
    let mut own = Map::new();
    own.insert("code".to_owned(), envelope.code.as_str().into());
    let notices = envelope.notices.iter().map(|notice| notice.as_str().into());
    own.insert("notices".to_owned(), Value::Array(notices.collect()));
    let details: Map<String, Value> = envelope
        .details
        .iter()
        .filter(|(name, _)| name.as_str() != SCIM_TYPE)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !details.is_empty() {
        own.insert("details".to_owned(), Value::Object(details));
    }
    body.insert(urn::PALISADE_ERROR.to_owned(), Value::Object(own));
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use palisade_envelope::Notice;

    use super::*;

    #[test]
    fn every_keyword_has_the_status_of_the_table() {
        for scim_type in ScimType::ALL {
            let expected = match scim_type {
                ScimType::Uniqueness => 409,
                ScimType::Sensitive => 403,
                _ => 400,
            };
            assert_eq!(scim_type.code().status(), expected, "{scim_type:?}");
            let error = refusal(*scim_type, "no");
            assert_eq!(body(&error)["status"], expected.to_string());
            assert_eq!(body(&error)["scimType"], scim_type.as_str());
        }
    }

    #[test]
    fn an_error_that_knows_nothing_of_scim_gets_the_keyword_of_its_code_or_none() {
        let said = body(&Error::conflict(["userName"]));
        assert_eq!(said["scimType"], "uniqueness");
        assert_eq!(said["status"], "409");
        for code in [
            Code::NotFound,
            Code::Unauthenticated,
            Code::StaleResource,
            Code::Conflict,
        ] {
            let said = body(&Error::new(code));
            assert!(said.get("scimType").is_none());
            assert_eq!(said["schemas"], json!([urn::ERROR]));
            assert_eq!(said.as_object().map(Map::len), Some(3));
        }
    }

    #[test]
    fn notices_go_under_palisades_own_urn() {
        let refused = Error::new(Code::Forbidden).notices(vec![Notice::new("ask the owner")]);
        let said = body(&refused);
        assert_eq!(said["schemas"], json!([urn::ERROR, urn::PALISADE_ERROR]));
        assert_eq!(
            said[urn::PALISADE_ERROR]["notices"],
            json!(["ask the owner"])
        );
        assert_eq!(said[urn::PALISADE_ERROR]["code"], "forbidden");
    }

    #[test]
    fn what_comes_from_outside_is_cut_in_sentences() {
        assert!(
            invalid_value(&"x".repeat(9_000), "less")
                .envelope()
                .message
                .len()
                < 200
        );
    }
}

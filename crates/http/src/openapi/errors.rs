//! Error replies in the document.

use std::collections::BTreeMap;

use palisade_envelope::Code;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::headers;
use crate::{dialect::Dialect, doc::Named};

/// The error of the native dialect.
#[derive(ToSchema)]
#[schema(as = Error)]
#[expect(
    dead_code,
    reason = "describes `palisade_envelope::Envelope` in the document"
)]
struct ErrorBody {
    /// From the registry in `docs/HTTP-STATUS.md`.
    #[schema(example = "not_found")]
    code: String,
    /// One sentence for a person.
    message: String,
    /// What exactly is wrong where.
    details: Option<BTreeMap<String, Value>>,
    /// What the determining policies say.
    notices: Option<Vec<String>>,
}

/// The error of Ory's dialect: the native one's fields, and beside them what Ory's clients read.
#[derive(ToSchema)]
#[schema(as = ErrorGeneric)]
#[expect(
    dead_code,
    reason = "describes the bodies of `render::ory` in the document"
)]
struct OryErrorBody {
    error: OryError,
    code: String,
    message: String,
    details: Option<BTreeMap<String, Value>>,
    notices: Option<Vec<String>>,
}

/// What Ory's clients read of an error.
#[derive(ToSchema)]
#[schema(as = GenericError)]
#[expect(
    dead_code,
    reason = "describes the bodies of `render::ory` in the document"
)]
struct OryError {
    /// The machine-readable code.
    id: String,
    /// The HTTP status.
    code: u16,
    /// The status in words.
    status: String,
    /// The request id.
    request: String,
    /// What exactly is wrong.
    reason: String,
    details: Option<BTreeMap<String, Value>>,
    notices: Option<Vec<String>>,
    /// What the status means in general.
    message: String,
}

/// Adds the error schemas.
pub(super) fn name(named: &mut Named) {
    fn add<T: ToSchema>(named: &mut Named) {
        named.push((T::name().into_owned(), T::schema()));
        T::schemas(named);
    }
    add::<ErrorBody>(named);
    add::<OryErrorBody>(named);
}

/// Adds the replies of these codes, one a status, to an operation's replies.
pub(super) fn replies(codes: &[Code], dialect: Dialect, replies: &mut Map<String, Value>) {
    let schema = match dialect {
        Dialect::Ory => "ErrorGeneric",
        Dialect::V1 | Dialect::Scim => "Error",
    };
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let known = by_status.entry(code.status()).or_default();
        if !known.contains(code) {
            known.push(*code);
        }
    }
    for (status, codes) in by_status {
        let description = codes
            .iter()
            .map(|code| format!("`{}`: {}", code.as_str(), code.sentence()))
            .collect::<Vec<_>>()
            .join("; ");
        let body = json!({ "schema": { "$ref": format!("#/components/schemas/{schema}") } });
        let reply = json!({
            "description": description,
            "headers": headers::of_error(&codes, dialect),
            "content": { "application/json": body },
        });
        replies.insert(status.to_string(), reply);
    }
}

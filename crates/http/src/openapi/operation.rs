//! One operation in the document.

use actix_web::http::Method;
use palisade_authz::Access;
use palisade_envelope::Code;
use serde_json::{Map, Value, json};

use super::{errors, headers};
use crate::{
    call::Media,
    dialect::Dialect,
    doc::{Kind, Named, Param},
    routes::{Credential, Entry, Operation},
};

/// The operation object; schemas that it refers to are added to `named`.
pub(super) fn describe(operation: &Operation, named: &mut Named) -> Value {
    let doc = &operation.doc;
    let mut object = Map::new();
    object.insert("operationId".into(), json!(doc.id));
    object.insert("summary".into(), json!(doc.summary));
    object.insert("tags".into(), json!([doc.tag]));
    match operation.entry {
        Entry::Guarded {
            action,
            access,
            credential,
        } => {
            if credential == Credential::Session {
                let by = ["sessionToken", "sessionBearer", "sessionCookie"];
                let by: Vec<Value> = by.iter().map(|scheme| json!({ *scheme: [] })).collect();
                object.insert("security".into(), by.into());
            }
            object.insert("x-palisade-action".into(), json!(action));
            object.insert("x-palisade-access".into(), json!(word(access)));
        }
        Entry::Public { reason } => {
            object.insert("security".into(), json!([]));
            object.insert("x-palisade-public".into(), json!(reason));
        }
    }
    let parameters = parameters(operation);
    if !parameters.is_empty() {
        object.insert("parameters".into(), parameters.into());
    }
    if let Some((media, describe)) = doc.body {
        let schema = describe(named);
        let content: Map<String, Value> = media_types(media)
            .iter()
            .map(|media| ((*media).to_owned(), json!({ "schema": schema })))
            .collect();
        object.insert(
            "requestBody".into(),
            json!({ "required": !doc.without_body, "content": content }),
        );
    }
    object.insert("responses".into(), replies(operation, named).into());
    object.into()
}

fn word(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::Manage => "manage",
        Access::Operate => "operate",
        Access::Personal => "personal",
        Access::Provision => "provision",
        Access::SignIn => "sign_in",
    }
}

fn media_types(media: Media) -> &'static [&'static str] {
    match media {
        Media::Any | Media::Json | Media::OryJson => &["application/json"],
        Media::MergePatch => &["application/merge-patch+json", "application/json"],
        Media::Scim => &["application/scim+json", "application/json"],
    }
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let mut parameters = Vec::new();
    for name in operation
        .path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next())
    {
        let uuid = name == "link_id" || (name == "id" && !operation.path.contains("schemas"));
        let schema = if uuid {
            json!({ "type": "string", "format": "uuid" })
        } else {
            json!({ "type": "string" })
        };
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    parameters.extend(operation.doc.query.iter().map(query));
    if matches!(operation.entry, Entry::Guarded { .. }) {
        let required =
            operation.path.starts_with("/v1/") && !operation.path.starts_with("/v1/tenants");
        parameters.push(json!({
            "name": "X-Tenant-ID", "in": "header", "required": required,
            "schema": { "type": "string", "format": "uuid" },
            "description": "the tenant; must be the credential's, else 403 `tenant_mismatch`",
        }));
    }
    if operation.doc.tagged {
        let (name, about) = if operation.method == Method::GET {
            (
                "If-None-Match",
                "an entity tag; 304 where the resource still has it",
            )
        } else {
            (
                "If-Match",
                "an entity tag; 412 where the resource has another",
            )
        };
        if operation.method != Method::POST || doc_refuses_stale(operation) {
            parameters.push(tags(name, about));
        }
    } else if operation.method == Method::DELETE && doc_refuses_stale(operation) {
        parameters.push(tags(
            "If-Match",
            "an entity tag; 412 where the resource has another",
        ));
    }
    if idempotent(operation) {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "schema": { "type": "string", "pattern": "^[ -~]{1,255}$" },
            "description": "1 to 255 printable ASCII characters: the request is done once for this key, and answered the same for 24 hours",
        }));
    }
    parameters.push(header(
        "X-Request-ID",
        "1 to 128 visible ASCII characters; echoed, and made where it is missing",
    ));
    parameters
}

fn doc_refuses_stale(operation: &Operation) -> bool {
    operation.doc.codes.contains(&Code::StaleResource)
}

/// Whether the operation takes `Idempotency-Key`.
pub(super) fn idempotent(operation: &Operation) -> bool {
    operation.method != Method::GET
        && matches!(
            operation.entry,
            Entry::Guarded {
                credential: Credential::ApiKey,
                ..
            }
        )
}

/// A header that holds `*` or entity tags.
fn tags(name: &str, about: &str) -> Value {
    let schema = json!({ "type": "string", "pattern": TAGS });
    json!({ "name": name, "in": "header", "required": false, "schema": schema, "description": about })
}

/// RFC 9110 section 8.8.3, in ASCII.
const TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#;

fn header(name: &str, about: &str) -> Value {
    json!({ "name": name, "in": "header", "required": false, "schema": { "type": "string" }, "description": about })
}

fn query(param: &Param) -> Value {
    let text = json!({ "type": "string" });
    let schema = match param.kind {
        Kind::Text => text,
        Kind::Uuid => {
            json!({ "type": "string", "anyOf": [{ "format": "uuid" }, { "maxLength": 0 }] })
        }
        Kind::Integer => or_nothing(&json!({ "type": "integer", "format": "int64" })),
        Kind::Flag => or_nothing(&json!({ "type": "boolean" })),
        Kind::Time => json!({ "type": "string", "format": "date-time" }),
        Kind::Between(least, most) => {
            or_nothing(&json!({ "type": "integer", "minimum": least, "maximum": most }))
        }
        Kind::Lenient => json!({ "type": ["integer", "string"] }),
        Kind::Uuids(most) => {
            json!({ "type": "array", "maxItems": most, "items": { "type": "string", "format": "uuid" } })
        }
        Kind::Words(words) => {
            json!({ "type": "array", "items": { "type": "string", "enum": or_empty(words) } })
        }
        Kind::Word(words) => json!({ "type": "string", "enum": or_empty(words) }),
    };
    json!({ "name": param.name, "in": "query", "required": false, "schema": schema, "description": param.about })
}

/// This, or nothing: an empty value is as good as none.
fn or_nothing(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "string", "maxLength": 0 }] })
}

/// These words, or nothing.
fn or_empty<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().chain([""]).collect()
}

fn replies(operation: &Operation, named: &mut Named) -> Map<String, Value> {
    let doc = &operation.doc;
    let mut replies = Map::new();
    let mut success = json!({ "description": success(doc.status) });
    if let (Some(describe), Some(success)) = (doc.reply, success.as_object_mut()) {
        let mut schema = describe(named);
        if let Some(or) = doc.or {
            schema = json!({ "anyOf": [schema, or(named)] });
        }
        success.insert(
            "content".into(),
            json!({ "application/json": { "schema": schema } }),
        );
    }
    if doc.html
        && let Some(success) = success.as_object_mut()
    {
        success.insert(
            "content".into(),
            json!({ "text/html": { "schema": { "type": "string" } } }),
        );
    }
    if let Some(success) = success.as_object_mut() {
        success.insert("headers".into(), headers::of_success(operation, doc.status));
    }
    replies.insert(doc.status.to_string(), success);
    if doc.tagged && operation.method == Method::GET {
        replies.insert(
            "304".into(),
            json!({ "description": "the caller has this revision", "headers": headers::of_success(operation, 304) }),
        );
    }
    errors::replies(
        &codes(operation),
        Dialect::of(&operation.path),
        &mut replies,
    );
    if let Some((status, describe)) = doc.also {
        let content = json!({ "application/json": { "schema": describe(named) } });
        replies.insert(
            status.to_string(),
            json!({
                "description": success_or(status),
                "headers": headers::of_success(operation, status),
                "content": content,
            }),
        );
    }
    replies
}

/// The codes of the operation itself, and those of the way to it.
fn codes(operation: &Operation) -> Vec<Code> {
    let mut codes = operation.doc.codes.clone();
    codes.push(Code::InvalidHeader);
    if let Entry::Guarded { credential, .. } = operation.entry {
        codes.extend([
            Code::InvalidTenantId,
            Code::TenantMismatch,
            Code::Forbidden,
            Code::Unavailable,
        ]);
        codes.extend(match credential {
            Credential::ApiKey => &[Code::Unauthenticated, Code::TenantSuspended][..],
            Credential::Session => &[Code::SessionInactive],
            Credential::Connection => &[Code::Unauthenticated, Code::TenantSuspended],
        });
        let operators = operation.path.starts_with("/v1/tenants");
        if operation.path.starts_with("/v1/") && !operators {
            codes.push(Code::TenantRequired);
        }
        // Who comes with the token of an issuer for the first time.
        if credential == Credential::ApiKey && !operators {
            codes.extend([Code::NotLinked, Code::LinkRequiresReview, Code::RateLimited]);
        }
    }
    if idempotent(operation) {
        codes.extend([
            Code::IdempotencyKeyInFlight,
            Code::IdempotencyAnswerLost,
            Code::IdempotencyKeyReused,
        ]);
    }
    codes.push(Code::Internal);
    codes
}

fn success(status: u16) -> &'static str {
    match status {
        201 => "created; the header `Location` says where",
        204 => "done",
        _ => "the answer",
    }
}

fn success_or(status: u16) -> &'static str {
    match status {
        201 => "created",
        503 => "not ready",
        _ => "the answer",
    }
}

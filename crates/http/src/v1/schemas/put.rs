//! `PUT /v1/schemas/{id}`

use actix_web::http::StatusCode;
use palisade_authz::action::PutIdentitySchema;
use palisade_envelope::Code;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::SchemaBody;
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::{Fields, bounded},
    guard::Guarded,
    preconditions,
    problem::Answer,
    reply::Reply,
};

/// The new text of a schema.
#[derive(ToSchema)]
#[schema(as = PutSchema)]
#[expect(dead_code, reason = "describes the body in the document")]
struct PutBody {
    /// The JSON Schema, with Ory's extension keyword. Nothing that it refers to is fetched.
    #[schema(value_type = Object)]
    schema: Value,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "putSchema",
        "v1.schemas.put",
        "schemas",
        "Write an identity schema",
    )
    .body::<PutBody>(Media::Json)
    .replies::<SchemaBody>(200)
    .also::<SchemaBody>(201)
    .tagged()
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::StaleResource,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::InvalidDocument,
    ])
}

pub(super) async fn put(guarded: Guarded<PutIdentitySchema>, mut call: Call) -> Answer {
    call.query(&[])?;
    bounded("id", guarded.grant.target().id().to_owned(), 255)?;
    let expected = preconditions::if_match(&call.request)?;
    let mut fields = Fields::parse(&call.body(Media::Json).await?)?;
    let schema = fields.object("schema")?;
    fields.finish(&["schema"])?;
    let (document, created) = guarded
        .app
        .store
        .put_identity_schema(guarded.grant, &schema, expected)
        .await?;
    let revision = document.revision;
    let reply = if created {
        Reply::created(&call.request, call.request.path().to_owned())
    } else {
        Reply::new(StatusCode::OK, &call.request)
    };
    reply.etag(revision).json(&SchemaBody::from(document))
}

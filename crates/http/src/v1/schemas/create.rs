//! `POST /v1/schemas`

use palisade_authz::{
    NamedTarget,
    action::{CreateIdentitySchema, PutIdentitySchema},
};
use palisade_envelope::Code;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::SchemaBody;
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::{Fields, bounded},
    guard::{self, Guarded},
    problem::Answer,
    reply::Reply,
};

/// A new schema.
#[derive(ToSchema)]
#[schema(as = CreateSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct CreateBody {
    /// What identities name it by: 1 to 255 characters, unique in the tenant.
    #[schema(min_length = 1, max_length = 255)]
    id: String,
    /// The JSON Schema, with Ory's extension keyword. Nothing that it refers to is fetched.
    #[schema(value_type = Object)]
    schema: Value,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "createSchema",
        "v1.schemas.create",
        "schemas",
        "Create an identity schema",
    )
    .body::<CreateBody>(Media::Json)
    .replies::<SchemaBody>(201)
    .tagged()
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::Conflict,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::InvalidDocument,
    ])
}

pub(super) async fn create(guarded: Guarded<CreateIdentitySchema>, mut call: Call) -> Answer {
    call.query(&[])?;
    let mut fields = Fields::parse(&call.body(Media::Json).await?)?;
    let id = bounded("id", fields.text("id")?, 255)?;
    let schema = fields.object("schema")?;
    fields.finish(&["id", "schema"])?;
    // A policy on the schema of this id counts whichever way it is written.
    let target = NamedTarget::identity_schema(id);
    let put = guard::decide::<PutIdentitySchema>(&call.request, target).await?;
    let store = &guarded.app.store;
    let document = store
        .create_identity_schema(guarded.grant, put, &schema)
        .await?;
    let id =
        percent_encoding::utf8_percent_encode(&document.id, percent_encoding::NON_ALPHANUMERIC);
    let place = format!("{}/{id}", call.request.path());
    Reply::created(&call.request, place)
        .etag(document.revision)
        .json(&SchemaBody::from(document))
}

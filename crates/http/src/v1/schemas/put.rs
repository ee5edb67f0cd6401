//! `PUT /v1/schemas/{id}`

use actix_web::http::StatusCode;
use palisade_authz::action::PutIdentitySchema;
use palisade_envelope::Code;
use palisade_identity::IdentitySchema;
use serde_json::Value;
use utoipa::ToSchema;

use super::{body::SchemaBody, impact};
use crate::{
    call::{Call, Media},
    doc::{Doc, Kind, Param},
    fields::{Fields, bounded},
    guard::Guarded,
    preconditions,
    problem::Answer,
    reply::Reply,
};

/// The new text of a schema.
#[derive(ToSchema)]
#[schema(as = PutSchema)]
#[serde(deny_unknown_fields)]
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
    .query(&[
        Param::new(
            "dry_run",
            Kind::Flag,
            "write nothing; answer with how many identities would no longer fit (`SchemaImpact`)",
        ),
        Param::new(
            "force",
            Kind::Flag,
            "write it although identities would no longer fit: they stay as they are, and are refused at their next change",
        ),
    ])
    .body::<PutBody>(Media::Json)
    .replies::<SchemaBody>(200)
    .or::<impact::ImpactBody>()
    .also::<SchemaBody>(201)
    .tagged()
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::BreaksIdentities,
        Code::StaleResource,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::InvalidDocument,
    ])
}

pub(super) async fn put(guarded: Guarded<PutIdentitySchema>, mut call: Call) -> Answer {
    let query = call.query(&["dry_run", "force"])?;
    let (dry_run, force) = (query.flag("dry_run")?, query.flag("force")?);
    bounded("id", guarded.grant.target().id().to_owned(), 255)?;
    let expected = preconditions::if_match(&call.request)?;
    let mut fields = Fields::parse(&call.body(Media::Json).await?)?;
    let schema = fields.object("schema")?;
    fields.finish(&["schema"])?;
    let compiled = IdentitySchema::compile(guarded.grant.target().id(), &schema)?;
    if let Some(expected) = &expected {
        let store = &guarded.app.store;
        store
            .check_identity_schema(&guarded.grant, expected)
            .await?;
    }
    if dry_run {
        let impact = impact::of(&call.request, &guarded, compiled).await?;
        return Reply::ok(&call.request).json(&impact);
    }
    if !force {
        let impact = impact::of(&call.request, &guarded, compiled).await?;
        if !impact.is_none() {
            return Err(impact::refusal(&impact)?.into());
        }
    }
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

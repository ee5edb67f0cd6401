//! `GET /v1/schemas/{id}`

use palisade_authz::action::ReadIdentitySchema;
use palisade_envelope::{Code, Error};

use super::body::SchemaBody;
use crate::{call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::Reply};

pub(super) fn doc() -> Doc {
    Doc::new(
        "readSchema",
        "v1.schemas.get",
        "schemas",
        "Get an identity schema",
    )
    .replies::<SchemaBody>(200)
    .tagged()
    .refuses(&[Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn get(guarded: Guarded<ReadIdentitySchema>, call: Call) -> Answer {
    call.query(&[])?;
    let document = guarded
        .app
        .store
        .read_identity_schema(&guarded.grant)
        .await?;
    let document = document.ok_or_else(|| Error::new(Code::NotFound))?;
    let revision = document.revision;
    if preconditions::unchanged(&call.request, revision)? {
        return Ok(preconditions::not_modified(&call.request, revision));
    }
    Reply::ok(&call.request)
        .etag(revision)
        .json(&SchemaBody::from(document))
}

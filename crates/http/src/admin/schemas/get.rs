//! `GET /schemas/{id}`

use palisade_authz::action::ReadIdentitySchema;
use palisade_envelope::{Code, Error};

use super::locate::EncodedSchemaInPath;
use crate::{call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::Reply};

pub(super) fn doc() -> Doc {
    Doc::new(
        "getIdentitySchema",
        "schemas.get",
        "identity",
        "Get an identity schema",
    )
    .replies::<serde_json::Value>(200)
    .tagged()
    .refuses(&[Code::NotFound])
}

pub(super) async fn get(
    guarded: Guarded<ReadIdentitySchema, EncodedSchemaInPath>,
    call: Call,
) -> Answer {
    let document = guarded
        .app
        .store
        .read_identity_schema(&guarded.grant)
        .await?
        .ok_or_else(|| {
            let id = guarded.grant.target().id();
            Error::with_message(
                Code::NotFound,
                format!("Identity schema `{id}` could not be found."),
            )
        })?;
    if preconditions::unchanged(&call.request, document.revision)? {
        return Ok(preconditions::not_modified(
            &call.request,
            document.revision,
        ));
    }
    Reply::ok(&call.request)
        .etag(document.revision)
        .json(&document.schema)
}

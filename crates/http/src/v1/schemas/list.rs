//! `GET /v1/schemas`

use palisade_authz::action::ListIdentitySchemas;
use palisade_envelope::Code;

use super::body::SchemaBody;
use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::collection};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listSchemas",
        "v1.schemas.list",
        "schemas",
        "List the identity schemas",
    )
    .collects::<SchemaBody>()
    .refuses(&[Code::InvalidRequest])
}

pub(super) async fn list(guarded: Guarded<ListIdentitySchemas>, call: Call) -> Answer {
    let query = call.query(&[])?;
    let documents = guarded
        .app
        .store
        .list_identity_schemas(&guarded.grant)
        .await?;
    collection(
        &call.request,
        &query,
        documents.into_iter().map(SchemaBody::from).collect(),
        None,
    )
}

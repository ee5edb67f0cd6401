//! `GET /v1/schemas`

use palisade_authz::action::ListIdentitySchemas;
use palisade_envelope::Code;

use super::{super::paging, body::SchemaBody};
use crate::{
    call::Call,
    doc::{Doc, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listSchemas",
        "v1.schemas.list",
        "schemas",
        "List the identity schemas",
    )
    .query(&Param::PAGE_V1)
    .collects::<SchemaBody>()
    .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListIdentitySchemas>, call: Call) -> Answer {
    let query = call.query(paging::PARAMETERS)?;
    let page = guarded
        .app
        .store
        .list_identity_schemas(&guarded.grant, &paging::page(&query)?)
        .await?;
    collection(
        &call.request,
        &query,
        page.items.into_iter().map(SchemaBody::from).collect(),
        page.next,
    )
}

//! `GET /schemas`

use palisade_authz::action::ListIdentitySchemas;
use palisade_identity::RawJson;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    call::Call,
    doc::Doc,
    guard::Guarded,
    problem::Answer,
    reply::{Reply, link},
};

/// A schema with its id.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentitySchemaContainer)]
pub(super) struct SchemaContainer<'a> {
    /// What identities name it by.
    id: &'a str,
    /// The JSON Schema.
    #[schema(value_type = Object)]
    schema: &'a RawJson,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "listIdentitySchemas",
        "schemas.list",
        "identity",
        "List the identity schemas",
    )
    .lists::<SchemaContainer<'_>>()
}

pub(super) async fn list(guarded: Guarded<ListIdentitySchemas>, call: Call) -> Answer {
    let documents = guarded
        .app
        .store
        .list_identity_schemas(&guarded.grant)
        .await?;
    let body: Vec<SchemaContainer<'_>> = documents
        .iter()
        .map(|document| SchemaContainer {
            id: &document.id,
            schema: &document.schema,
        })
        .collect();
    // All of them are one page: a tenant has few.
    Reply::ok(&call.request)
        .header("link", link(&call.request, &call.query(&[])?, None, None))
        .header("x-total-count", documents.len().to_string())
        .json(&body)
}

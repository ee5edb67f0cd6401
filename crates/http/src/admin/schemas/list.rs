//! `GET /schemas`

use palisade_authz::action::ListIdentitySchemas;
use palisade_identity::{RawJson, page::PageSize};
use palisade_store::PageRequest;
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
    let mut documents = Vec::new();
    let mut next = PageRequest {
        size: PageSize::LARGEST,
        token: None,
    };
    loop {
        let store = &guarded.app.store;
        let page = store.list_identity_schemas(&guarded.grant, &next).await?;
        documents.extend(page.items);
        next.token = page.next;
        if next.token.is_none() {
            break;
        }
    }
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

//! `GET /schemas`

use palisade_authz::action::ListIdentitySchemas;
use palisade_envelope::Code;
use palisade_identity::{RawJson, page::PageNumber};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    call::Call,
    doc::{Doc, Kind, Param, ReplyHeader},
    guard::Guarded,
    problem::Answer,
    reply::{Reply, numbered_links},
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
    .query(PARAMS)
    .lists::<SchemaContainer<'_>>()
    .headers(&[ReplyHeader::TOTAL])
    .refuses(&[Code::InvalidPageToken])
}

const PARAMS: &[Param] = &[
    Param::new(
        "page_size",
        Kind::Lenient,
        "how many items a page has: by default 250, at most 1000",
    ),
    Param::new(
        "page_token",
        Kind::Text,
        "the token from a link of another page",
    ),
    Param::new("per_page", Kind::Lenient, "the old name of `page_size`"),
    Param::new("page", Kind::Lenient, "the old paging, by number from 0"),
];

/// The most schemas of one page.
const LARGEST: u32 = 1_000;

pub(super) async fn list(guarded: Guarded<ListIdentitySchemas>, call: Call) -> Answer {
    let query = call.query(&[])?;
    let store = &guarded.app.store;
    let numbering = store.schema_numbering(&guarded.grant).await?;
    let token = query.first("page_token");
    let size = query
        .first("page_size")
        .filter(|_| token.is_some() || !query.has("page"))
        .or_else(|| query.first("per_page"));
    let mut number = PageNumber::forgiving(query.first("page"), size, LARGEST);
    if let Some(token) = token {
        let page = numbering.offset(token)? / u64::from(number.per_page);
        number.page = u32::try_from(page).unwrap_or(u32::MAX);
    }
    let offset = u64::from(number.page) * u64::from(number.per_page);
    let (documents, total) = store
        .list_identity_schemas_by_number(&guarded.grant, number.per_page, offset)
        .await?;
    let body: Vec<SchemaContainer<'_>> = documents
        .iter()
        .map(|document| SchemaContainer {
            id: &document.id,
            schema: &document.schema,
        })
        .collect();
    // Both ways to name each page, as Ory has it.
    let both = |(page, size): (u64, u64)| {
        vec![
            ("page_size", Some(size.to_string())),
            ("page_token", numbering.token(page * size)),
        ]
    };
    let link = numbered_links(&call.request, &query, number.links(total), both);
    Reply::ok(&call.request)
        .header("link", link)
        .header("x-total-count", total.to_string())
        .json(&body)
}

//! `GET /admin/identities`

use palisade_authz::action::ListIdentities;
use palisade_envelope::Code;
use palisade_identity::page::PageSize;
use palisade_store::PageRequest;

use super::{
    body::IdentityBody,
    list_query::{self, PARAMS},
    reveal,
};
use crate::{
    call::Call,
    doc::Doc,
    guard::Guarded,
    problem::Answer,
    reply::{Reply, base_url, link},
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listIdentities",
        "identities.list",
        "identity",
        "List identities",
    )
    .query(PARAMS)
    .query(&[reveal::INCLUDE])
    .lists::<IdentityBody<'_>>()
    .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListIdentities>, call: Call) -> Answer {
    let request = &call.request;
    let query = call.query(&[])?;
    let filter = list_query::filter(&query)?;
    let size = list_query::size(&query)?;
    let kinds = reveal::wanted(&query)?;
    let page = PageRequest {
        // Those who name their ids get all of them at once.
        size: if filter.ids.is_empty() {
            size
        } else {
            PageSize::LARGEST
        },
        token: query.first("page_token").map(str::to_owned),
    };
    let page = guarded
        .app
        .store
        .list_identities(&guarded.grant, &filter, &page)
        .await?;
    let mut configs = reveal::configs(request, &page.items, &kinds).await?;
    let shows_credentials = !kinds.is_empty()
        || filter.credentials_identifier.is_some()
        || filter.credentials_identifier_similar.is_some();
    let base_url = base_url(request, &guarded.app.settings)?;
    let body: Vec<IdentityBody<'_>> = page
        .items
        .iter()
        .map(|identity| {
            let body = IdentityBody::new(identity, &base_url);
            if shows_credentials {
                body.with_credentials(identity, configs.remove(&identity.id).unwrap_or_default())
            } else {
                body
            }
        })
        .collect();
    Reply::ok(request)
        .header(
            "link",
            link(
                request,
                &query,
                Some(&size.get().to_string()),
                page.next.as_deref(),
            ),
        )
        .header("palisade-consistency", "strong")
        .json(&body)
}

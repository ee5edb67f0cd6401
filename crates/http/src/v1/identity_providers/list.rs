//! `GET /v1/identity-providers`

use palisade_authz::action::ListIdentityProviders;
use palisade_envelope::Code;

use super::{super::paging, body::ProviderBody};
use crate::{
    call::Call,
    doc::{Doc, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listIdentityProviders",
        "identity_providers.list",
        "identity providers",
        "List the identity providers",
    )
    .query(&Param::PAGE_V1)
    .collects::<ProviderBody>()
    .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListIdentityProviders>, call: Call) -> Answer {
    let query = call.query(paging::PARAMETERS)?;
    let page = guarded
        .app
        .store
        .list_identity_providers(&guarded.grant, &paging::page(&query)?)
        .await?;
    collection(
        &call.request,
        &query,
        page.items.into_iter().map(ProviderBody::from).collect(),
        page.next,
    )
}

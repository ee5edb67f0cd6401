//! `GET /v1/tenants`

use palisade_authz::action::ListTenants;
use palisade_envelope::Code;

use super::{super::paging, body::TenantBody};
use crate::{
    call::Call,
    doc::{Doc, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new("listTenants", "tenants.list", "tenants", "List the tenants")
        .query(&Param::PAGE_V1)
        .collects::<TenantBody>()
        .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListTenants>, call: Call) -> Answer {
    let query = call.query(paging::PARAMETERS)?;
    let page = guarded
        .app
        .store
        .list_tenants(&guarded.grant, &paging::page(&query)?)
        .await?;
    collection(
        &call.request,
        &query,
        page.items.into_iter().map(TenantBody::from).collect(),
        page.next,
    )
}

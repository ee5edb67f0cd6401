//! `GET /v1/session-token-templates`

use palisade_authz::action::ListSessionTokenTemplates;
use palisade_envelope::Code;

use super::{super::paging, body::TemplateBody};
use crate::{
    call::Call,
    doc::{Doc, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listSessionTokenTemplates",
        "session_token_templates.list",
        "session tokens",
        "List the templates of session tokens",
    )
    .query(&Param::PAGE_V1)
    .collects::<TemplateBody>()
    .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListSessionTokenTemplates>, call: Call) -> Answer {
    let query = call.query(paging::PARAMETERS)?;
    let page = guarded
        .app
        .store
        .list_session_token_templates(&guarded.grant, &paging::page(&query)?)
        .await?;
    collection(
        &call.request,
        &query,
        page.items.into_iter().map(TemplateBody::from).collect(),
        page.next,
    )
}

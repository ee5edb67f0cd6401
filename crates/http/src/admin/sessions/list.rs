//! `GET /admin/sessions`

use palisade_authz::{
    Own,
    action::{ListIdentities, ListSessions},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::page::PageSize;
use palisade_store::{PageRequest, SessionFilter};

use super::{
    body::SessionBody,
    query::{ACTIVE, EXPAND, Expand, active},
};
use crate::{
    call::Call,
    doc::{Doc, Kind, Param},
    guard::{Guarded, decide},
    problem::Answer,
    query::Query,
    reply::{Reply, base_url, link},
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listSessions",
        "sessions.list",
        "sessions",
        "List the sessions of all identities, the newest first",
    )
    .query(&[
        Param::new(
            "page_size",
            Kind::Integer,
            "how many items a page has: by default 250, at most 1,000",
        ),
        Param::new(
            "page_token",
            Kind::Text,
            "the token from the `next` link of the previous page",
        ),
    ])
    .query(&[ACTIVE, EXPAND])
    .lists::<SessionBody<'_>>()
    .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListSessions>, call: Call) -> Answer {
    let app = &guarded.app;
    let query = call.query(&[])?;
    let (active, expand, size) = (active(&query)?, Expand::of(&query)?, size(&query)?);
    if expand.identity {
        let _grant = decide::<ListIdentities>(&call.request, Own).await?;
    }
    let filter = SessionFilter {
        active,
        with_identity: expand.identity,
    };
    let page = PageRequest {
        size,
        token: query.first("page_token").map(str::to_owned),
    };
    let page = app
        .store
        .list_sessions(&guarded.grant, filter, &page)
        .await?;
    let (base_url, now) = (base_url(&call.request, &app.settings)?, app.clock.now());
    let bodies: Vec<_> = page
        .items
        .iter()
        .map(|known| {
            let body = SessionBody::new(known, now).with_identity(known, &base_url);
            if expand.devices {
                body.with_devices(known)
            } else {
                body
            }
        })
        .collect();
    let size = size.get().to_string();
    let link = link(&call.request, &query, Some(&size), page.next.as_deref());
    Reply::ok(&call.request).header("link", link).json(&bodies)
}

/// The size of a page; one that is no number is named.
fn size(query: &Query) -> Result<PageSize> {
    let text = query.first("page_size");
    if text.is_some_and(|text| text.parse::<i64>().is_err()) {
        return Err(Error::field("page_size", "an integer"));
    }
    Ok(PageSize::ory_sessions(text, None))
}

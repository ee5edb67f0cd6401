//! `GET /admin/identities`

use actix_web::HttpRequest;
use palisade_authz::action::ListIdentities;
use palisade_envelope::{Code, Result};
use palisade_identity::{
    CredentialType, Identity, IdentityFilter,
    page::{PageNumber, PageSize},
};
use palisade_store::{Consistency, PageRequest};

use super::{
    body::IdentityBody,
    list_query::{self, PARAMS, Paging},
    reveal,
};
use crate::{
    call::Call,
    doc::{Doc, ReplyHeader},
    guard::Guarded,
    problem::Answer,
    query::Query,
    reply::{Reply, base_url, link, numbered_links},
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
    .headers(&[
        ReplyHeader::always(
            "Palisade-Consistency",
            "^(strong|eventual)$",
            "which read served it: `strong` (the primary) or `eventual` (the replica)",
        ),
        ReplyHeader {
            always: false,
            ..ReplyHeader::TOTAL
        },
    ])
    .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListIdentities>, call: Call) -> Answer {
    let request = &call.request;
    let query = call.query(&[])?;
    let filter = list_query::filter(&query)?;
    let paging = list_query::paging(&query)?;
    let kinds = reveal::wanted(&query)?;
    let consistency = list_query::consistency(&query);
    let found = match paging {
        Paging::ByToken(size) => {
            by_token(&guarded, &call, &query, &filter, size, consistency).await?
        }
        Paging::ByNumber(number) => {
            by_number(&guarded, &call, &query, &filter, number, consistency).await?
        }
    };
    found.answer(&guarded, request, &filter, &kinds).await
}

/// What was found, and the headers that tell of it.
struct Found {
    identities: Vec<Identity>,
    link: String,
    total: Option<u64>,
    served: Consistency,
}

async fn by_token(
    guarded: &Guarded<ListIdentities>,
    call: &Call,
    query: &Query,
    filter: &IdentityFilter,
    size: PageSize,
    consistency: Consistency,
) -> Result<Found> {
    let page = PageRequest {
        // Those who name their ids get all of them at once.
        size: if filter.ids.is_empty() {
            size
        } else {
            PageSize::LARGEST
        },
        token: query.first("page_token").map(str::to_owned),
    };
    let (page, served) = guarded
        .app
        .store
        .list_identities_at(&guarded.grant, filter, &page, consistency)
        .await?;
    let size = size.get().to_string();
    Ok(Found {
        link: link(&call.request, query, Some(&size), page.next.as_deref()),
        identities: page.items,
        total: None,
        served,
    })
}

async fn by_number(
    guarded: &Guarded<ListIdentities>,
    call: &Call,
    query: &Query,
    filter: &IdentityFilter,
    number: PageNumber,
    consistency: Consistency,
) -> Result<Found> {
    // As at Ory its filters do not count for the total, but for those that name what they find. And as by token, those
    // who name their ids get all of them at once.
    let (number, counted) = if filter.ids.is_empty() {
        (number, filter.only_ours())
    } else {
        let per_page = PageSize::LARGEST.get();
        (PageNumber { per_page, ..number }, filter.clone())
    };
    let store = &guarded.app.store;
    let page = store
        .list_identities_by_number(&guarded.grant, filter, &counted, number, consistency)
        .await?;
    let total = if filter.credentials_identifier.is_some() {
        page.items.len() as u64
    } else {
        page.total
    };
    Ok(Found {
        link: numbered_links(&call.request, query, number.links(total), |_| Vec::new()),
        identities: page.items,
        total: Some(total),
        served: page.served,
    })
}

impl Found {
    async fn answer(
        self,
        guarded: &Guarded<ListIdentities>,
        request: &HttpRequest,
        filter: &IdentityFilter,
        kinds: &[CredentialType],
    ) -> Answer {
        let mut shown = reveal::shown(request, self.identities, kinds).await?;
        while !shown.moved.is_empty() {
            // They are shown as they are by now, where the filter still lets them pass.
            let filter = IdentityFilter {
                ids: std::mem::take(&mut shown.moved),
                ..filter.clone()
            };
            let page = PageRequest {
                size: PageSize::LARGEST,
                token: None,
            };
            let store = &guarded.app.store;
            let again = store
                .list_identities(&guarded.grant, &filter, &page)
                .await?;
            let again = reveal::shown(request, again.items, kinds).await?;
            shown.identities.extend(again.identities);
            shown.identities.sort_by_key(|(identity, _)| identity.id);
            shown.moved = again.moved;
        }
        let shows_credentials = !kinds.is_empty()
            || filter.credentials_identifier.is_some()
            || filter.credentials_identifier_similar.is_some();
        let base_url = base_url(request, &guarded.app.settings)?;
        let body: Vec<IdentityBody<'_>> = shown
            .identities
            .iter_mut()
            .map(|(identity, configs)| {
                let body = IdentityBody::new(identity, &base_url);
                if shows_credentials {
                    body.with_credentials(identity, std::mem::take(configs))
                } else {
                    body
                }
            })
            .collect();
        let mut reply = Reply::ok(request)
            .header("link", self.link)
            .header("palisade-consistency", self.served.as_str());
        if let Some(total) = self.total {
            reply = reply.header("x-total-count", total.to_string());
        }
        reply.json(&body)
    }
}

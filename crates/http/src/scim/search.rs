//! `GET /scim/v2` and `POST /scim/v2/.search`: users and groups in one list, users first, each in its order.

use actix_web::http::Method;
use palisade_authz::{
    ConnectionTarget,
    action::{ListScimGroups, ListScimUsers},
};
use palisade_scim::{
    Query, ScimType,
    error::refusal,
    filter::parse_among,
    query::{self, Page},
};

use super::{
    ROOT,
    context::{self, GROUP, USER, base},
    doc, groups,
    reply::{Found, listed},
    users,
};
use crate::{
    call::Call,
    guard::{Guarded, decide},
    problem::Answer,
    routes::RouteTable,
};

pub(super) fn mount(table: &mut RouteTable) {
    table.guarded::<ListScimUsers, _, _>(Method::GET, ROOT, all, doc("scimList", "scim.list"));
    table.guarded::<ListScimUsers, _, _>(
        Method::POST,
        format!("{ROOT}/.search"),
        search,
        doc("scimSearch", "scim.search"),
    );
}

async fn all(guarded: Guarded<ListScimUsers>, call: Call) -> Answer {
    let query = context::query(call.request.query_string())?;
    answer(guarded, &call, &query).await
}

async fn search(guarded: Guarded<ListScimUsers>, mut call: Call) -> Answer {
    // Who may not list groups is told so before the body is read.
    let groups = decide::<ListScimGroups>(&call.request, *guarded.grant.target()).await?;
    drop(groups);
    let query = query::search(&context::body(&mut call).await?)?;
    answer(guarded, &call, &query).await
}

async fn answer(guarded: Guarded<ListScimUsers>, call: &Call, query: &Query) -> Answer {
    let connection: ConnectionTarget = *guarded.grant.target();
    let group_grant = decide::<ListScimGroups>(&call.request, connection).await?;
    let Page::Index { start, count } = query.page else {
        return Err(refusal(
            ScimType::InvalidCursor,
            "users and groups together are paged by `startIndex`; ask `/Users` and `/Groups` for cursors",
        )
        .into());
    };
    let base = base(&call.request, &guarded.app)?;
    let text = query.filter.as_deref();
    let of_users = text
        .map(|text| parse_among(text, &USER, &[&GROUP]))
        .transpose()?;
    let of_groups = text
        .map(|text| parse_among(text, &GROUP, &[&USER]))
        .transpose()?;
    let app = &guarded.app;
    let mut found = users::resources(
        app,
        &guarded.grant,
        &base,
        query,
        &query.page,
        of_users.as_ref(),
    )
    .await?;
    let taken = u64::try_from(found.resources.len()).unwrap_or(u64::MAX);
    let rest = Page::Index {
        start: start.saturating_sub(found.total).max(1),
        count: count.saturating_sub(taken),
    };
    let more =
        groups::resources(app, &group_grant, &base, query, &rest, of_groups.as_ref()).await?;
    found.resources.extend(more.resources);
    let both = Found {
        total: found.total + more.total,
        ..found
    };
    listed(&call.request, &query.page, both)
}

//! `GET /scim/v2/Users` and `POST /scim/v2/Users/.search`

use palisade_authz::{Authorized, action::ListScimUsers};
use palisade_envelope::Result;
use palisade_scim::{
    Query,
    filter::{self, Filter},
    query::{self, Page},
};
use palisade_store::ListRequest;

use super::{
    super::{
        context::{self, USER, base},
        reply::{Found, listed},
    },
    body,
};
use crate::{App, call::Call, guard::Guarded, problem::Answer};

pub(super) async fn list(guarded: Guarded<ListScimUsers>, call: Call) -> Answer {
    let query = context::query(call.request.query_string())?;
    answer(guarded, &call, &query).await
}

pub(super) async fn search(guarded: Guarded<ListScimUsers>, mut call: Call) -> Answer {
    let query = query::search(&context::body(&mut call).await?)?;
    answer(guarded, &call, &query).await
}

async fn answer(guarded: Guarded<ListScimUsers>, call: &Call, query: &Query) -> Answer {
    let base = base(&call.request, &guarded.app)?;
    let filter = query.filter.as_deref();
    let filter = filter.map(|text| filter::parse(text, &USER)).transpose()?;
    let found = resources(
        &guarded.app,
        &guarded.grant,
        &base,
        query,
        &query.page,
        filter.as_ref(),
    )
    .await?;
    listed(&call.request, &query.page, found)
}

/// The users of a page, as they are answered.
///
/// # Errors
/// As `Store::list_scim_users`; what the query asks for and is not there.
pub(in crate::scim) async fn resources(
    app: &App,
    grant: &Authorized<ListScimUsers>,
    base: &str,
    query: &Query,
    page: &Page,
    filter: Option<&Filter>,
) -> Result<Found> {
    let projection = query.projection(&USER)?;
    let sort = query.sort(&USER)?;
    let request = ListRequest {
        filter,
        sort: sort.as_ref(),
        page,
        fingerprint: &format!("{:?} {sort:?}", query.filter),
        computed: projection.wants("groups", &USER),
    };
    let page = app
        .store
        .list_scim_users(grant, request, |user| body::complete(user, base))
        .await?;
    Ok(Found {
        total: page.total,
        next: page.next,
        resources: page
            .items
            .iter()
            .map(|user| body::projected(user, base, &projection))
            .collect(),
    })
}

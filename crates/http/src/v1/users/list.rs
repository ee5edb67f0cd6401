//! `GET /v1/users`

use palisade_authz::action::ListIdentities;
use palisade_envelope::{Code, Error};
use palisade_identity::{IdentityFilter, State};

use super::{super::paging, body::UserBody};
use crate::{
    call::Call,
    doc::{Doc, Kind, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new("listUsers", "users.list", "users", "List users")
        .query(&[
            Param::new(
                "q",
                Kind::Text,
                "only users with an identifier that starts so",
            ),
            Param::new(
                "state",
                Kind::Word(&["active", "inactive"]),
                "only those in this state",
            ),
            Param::new(
                "provider",
                Kind::Text,
                "only those with an account at the identity provider of this name or id",
            ),
        ])
        .query(&Param::PAGE_V1)
        .collects::<UserBody>()
        .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListIdentities>, call: Call) -> Answer {
    let query = call.query(&["q", "state", "provider", "page_size", "page_token"])?;
    let state = query
        .one("state")?
        .map(|word| {
            State::parse(word).ok_or_else(|| Error::field("state", "`active` or `inactive`"))
        })
        .transpose()?;
    let filter = IdentityFilter {
        credentials_identifier_similar: query.one("q")?.map(str::to_owned),
        state,
        provider: query.one("provider")?.map(str::to_owned),
        ..IdentityFilter::default()
    };
    let page = paging::page(&query)?;
    let page = guarded
        .app
        .store
        .list_identities(&guarded.grant, &filter, &page)
        .await?;
    let ids: Vec<_> = page.items.iter().map(|identity| identity.id).collect();
    let store = &guarded.app.store;
    let mut groups = store.groups_of_users(&guarded.grant, &ids).await?;
    let users = page.items.into_iter().map(|identity| {
        let groups = groups.remove(&identity.id).unwrap_or_default();
        UserBody::new(identity, groups)
    });
    collection(&call.request, &query, users.collect(), page.next)
}

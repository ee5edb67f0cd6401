//! `GET /v1/identities`

use palisade_authz::action::ListAllExternalIdentities;
use palisade_envelope::{Code, Error};
use palisade_identity::{Email, ProviderId};
use palisade_store::AccountFilter;

use super::{super::paging, body::AccountBody};
use crate::{
    call::Call,
    doc::{Doc, Kind, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listExternalIdentities",
        "external_identities.list",
        "external identities",
        "List external identities; with `linked=false` those that wait for a person",
    )
    .query(&[
        Param::new(
            "linked",
            Kind::Flag,
            "only those that are linked, or that are not",
        ),
        Param::new(
            "rejected",
            Kind::Flag,
            "only those that were rejected, or that were not",
        ),
        Param::new(
            "identity_provider_id",
            Kind::Uuid,
            "only those of this identity provider",
        ),
        Param::new(
            "external_email",
            Kind::Text,
            "only those with this e-mail address, in whatever spelling",
        ),
    ])
    .query(&Param::PAGE_V1)
    .collects::<AccountBody>()
    .refuses(&[Code::InvalidRequest, Code::InvalidPageToken])
}

pub(super) async fn list(guarded: Guarded<ListAllExternalIdentities>, call: Call) -> Answer {
    let query = call.query(&[
        "linked",
        "rejected",
        "identity_provider_id",
        "external_email",
        "page_size",
        "page_token",
    ])?;
    let flag = |name| match query.one(name)? {
        None => Ok(None),
        Some(_) => query.flag(name).map(Some),
    };
    let provider = query.one("identity_provider_id")?.map(|id| {
        ProviderId::parse(id).ok_or_else(|| Error::field("identity_provider_id", "a UUID"))
    });
    let email = query.one("external_email")?.map(|text| {
        Email::parse(text).ok_or_else(|| Error::field("external_email", "an e-mail address"))
    });
    let filter = AccountFilter {
        linked: flag("linked")?,
        rejected: flag("rejected")?,
        provider: provider.transpose()?,
        email: email.transpose()?.map(|email| email.as_str().to_owned()),
    };
    let page = guarded
        .app
        .store
        .list_accounts(&guarded.grant, &filter, &paging::page(&query)?)
        .await?;
    collection(
        &call.request,
        &query,
        page.items.into_iter().map(AccountBody::from).collect(),
        page.next,
    )
}

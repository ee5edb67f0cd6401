//! `GET /v1/users/{id}/identities`

use palisade_authz::action::ListExternalIdentities;
use palisade_envelope::{Code, Error};

use super::body::ExternalIdentityBody;
use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::collection};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listUserIdentities",
        "users.identities.list",
        "users",
        "List user identities",
    )
    .collects::<ExternalIdentityBody>()
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn identities(guarded: Guarded<ListExternalIdentities>, call: Call) -> Answer {
    let query = call.query(&[])?;
    guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    // One page: an identity has few.
    let links = guarded
        .app
        .store
        .list_external_identities(&guarded.grant)
        .await?;
    collection(
        &call.request,
        &query,
        links.into_iter().map(ExternalIdentityBody::from).collect(),
        None,
    )
}

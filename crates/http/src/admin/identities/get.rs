//! `GET /admin/identities/{id}`

use palisade_authz::action::ReadIdentity;
use palisade_envelope::{Code, Error};
use palisade_identity::Identity;
use palisade_store::Sealed;

use super::{body::IdentityBody, reveal};
use crate::{
    call::Call,
    doc::Doc,
    guard::{Guarded, Locate},
    preconditions,
    problem::Answer,
    reply::{Reply, base_url},
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "getIdentity",
        "identities.get",
        "identity",
        "Get an identity",
    )
    .query(&[reveal::INCLUDE])
    .replies::<IdentityBody<'_>>(200)
    .tagged()
    .refuses(&[Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn get(guarded: Guarded<ReadIdentity>, call: Call) -> Answer {
    answer(guarded, &call).await
}

/// Answers a read of one identity, however it was found.
pub(super) async fn answer<L>(mut guarded: Guarded<ReadIdentity, L>, call: &Call) -> Answer
where
    L: Locate<ReadIdentity, Loaded = Sealed<Identity>>,
{
    let request = &call.request;
    let kinds = reveal::wanted(&call.query(&[])?)?;
    loop {
        let absent = || Error::new(Code::NotFound);
        let identity = guarded.loaded.open(&guarded.grant).ok_or_else(absent)?;
        let unchanged = preconditions::unchanged(request, identity.revision)?;
        // With secrets the reply is more than the revision stands for.
        if kinds.is_empty() && unchanged {
            return Ok(preconditions::not_modified(request, identity.revision));
        }
        let mut shown = reveal::shown(request, vec![identity], &kinds).await?;
        if let Some((identity, configs)) = shown.identities.pop() {
            let body = IdentityBody::new(&identity, &base_url(request, &guarded.app.settings)?)
                .with_credentials(&identity, configs);
            return Reply::ok(request).etag(identity.revision).json(&body);
        }
        if shown.moved.is_empty() {
            return Err(absent().into());
        }
        guarded = Guarded::acquire(request).await?;
    }
}

//! `GET /admin/identities/{id}`

use actix_web::HttpRequest;
use palisade_authz::action::ReadIdentity;
use palisade_envelope::{Code, Error};
use palisade_identity::Identity;

use super::{body::IdentityBody, reveal};
use crate::{
    call::Call,
    doc::Doc,
    guard::Guarded,
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
    let identity = guarded.loaded.open(&guarded.grant);
    answer(identity, &call, &guarded.app.settings).await
}

/// Answers a read of one identity, however it was found.
pub(super) async fn answer(
    identity: Option<Identity>,
    call: &Call,
    settings: &crate::Settings,
) -> Answer {
    let kinds = reveal::wanted(&call.query(&[])?)?;
    let identity = identity.ok_or_else(|| Error::new(Code::NotFound))?;
    let unchanged = preconditions::unchanged(&call.request, identity.revision)?;
    // With secrets the reply is more than the revision stands for.
    if kinds.is_empty() && unchanged {
        return Ok(preconditions::not_modified(
            &call.request,
            identity.revision,
        ));
    }
    one(&call.request, identity, &kinds, settings).await
}

async fn one(
    request: &HttpRequest,
    identity: Identity,
    kinds: &[palisade_identity::CredentialType],
    settings: &crate::Settings,
) -> Answer {
    let identities = [identity];
    let mut configs = reveal::configs(request, &identities, kinds).await?;
    let [identity] = &identities;
    let body = IdentityBody::new(identity, &base_url(request, settings)?)
        .with_credentials(identity, configs.remove(&identity.id).unwrap_or_default());
    Reply::ok(request).etag(identity.revision).json(&body)
}

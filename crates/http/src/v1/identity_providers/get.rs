//! `GET /v1/identity-providers/{id}`

use palisade_authz::action::ReadIdentityProvider;
use palisade_envelope::{Code, Error};

use super::body::ProviderBody;
use crate::{call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::Reply};

pub(super) fn doc() -> Doc {
    Doc::new(
        "getIdentityProvider",
        "identity_providers.get",
        "identity providers",
        "Get an identity provider",
    )
    .replies::<ProviderBody>(200)
    .tagged()
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn get(guarded: Guarded<ReadIdentityProvider>, call: Call) -> Answer {
    call.query(&[])?;
    let provider = guarded
        .app
        .store
        .read_identity_provider(&guarded.grant)
        .await?;
    let provider = provider.ok_or_else(|| Error::new(Code::NotFound))?;
    let revision = provider.revision;
    if preconditions::unchanged(&call.request, revision)? {
        return Ok(preconditions::not_modified(&call.request, revision));
    }
    Reply::ok(&call.request)
        .etag(revision)
        .json(&ProviderBody::from(provider))
}

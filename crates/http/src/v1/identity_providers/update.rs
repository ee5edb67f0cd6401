//! `PATCH /v1/identity-providers/{id}`

use palisade_authz::action::UpdateIdentityProvider;
use palisade_envelope::{Code, Error, Result};
use palisade_store::IdentityProviderUpdate;
use utoipa::ToSchema;

use super::body::{self, ProviderBody};
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::{Change, Fields},
    guard::Guarded,
    preconditions,
    problem::Answer,
    reply::Reply,
};

/// What to change. Name and type stay: credentials are named after them.
#[derive(ToSchema)]
#[schema(as = UpdateIdentityProvider)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct UpdateBody {
    /// `null` clears it.
    #[schema(min_length = 1, max_length = 2048)]
    issuer: Option<String>,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "updateIdentityProvider",
        "identity_providers.update",
        "identity providers",
        "Change an identity provider",
    )
    .body::<UpdateBody>(Media::MergePatch)
    .replies::<ProviderBody>(200)
    .tagged()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::NotFound,
        Code::StaleResource,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn update(guarded: Guarded<UpdateIdentityProvider>, mut call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    let update = read(&call.body(Media::MergePatch).await?)?;
    let provider = guarded
        .app
        .store
        .update_identity_provider(guarded.grant, update, expected)
        .await?;
    let provider = provider.ok_or_else(|| Error::new(Code::NotFound))?;
    Reply::ok(&call.request)
        .etag(provider.revision)
        .json(&ProviderBody::from(provider))
}

fn read(body: &[u8]) -> Result<IdentityProviderUpdate> {
    let mut fields = Fields::parse(body)?;
    let issuer = match fields.change("issuer")? {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(text) => Some(Some(body::issuer(text)?)),
    };
    fields.finish(&["issuer"])?;
    Ok(IdentityProviderUpdate { issuer })
}

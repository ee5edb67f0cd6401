//! `PATCH /v1/identity-providers/{id}`

use palisade_authz::action::UpdateIdentityProvider;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{IdentityProvider, ProviderId, etag::IfMatch};
use palisade_store::{IdentityProviderUpdate, ProviderSettings};
use palisade_tenancy::Caller;
use utoipa::ToSchema;

use super::{
    body::{self, ProviderBody},
    rules::{self, LinkingChange, TokensChange},
};
use crate::{
    App,
    call::{Call, Media},
    doc::{Doc, Kind, Param},
    fields::{Change, Fields},
    guard::{Guarded, retried},
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
    /// `null` clears it. While accounts are linked through the provider it stays, unless `force` is given.
    #[schema(min_length = 1, max_length = 2048)]
    issuer: Option<String>,
    enabled: Option<bool>,
    /// What it names is changed, the rest kept.
    linking: Option<LinkingChange>,
    /// What it names is changed, the rest kept; `null`: tokens are no credentials any more.
    tokens: Option<TokensChange>,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "updateIdentityProvider",
        "identity_providers.update",
        "identity providers",
        "Change an identity provider",
    )
    .query(&[Param::new(
        "force",
        Kind::Flag,
        "another issuer also while accounts are linked: all of them are unlinked and wait for a person",
    )])
    .body::<UpdateBody>(Media::MergePatch)
    .replies::<ProviderBody>(200)
    .tagged()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::NotFound,
        Code::Conflict,
        Code::InUse,
        Code::LimitReached,
        Code::StaleResource,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn update(guarded: Guarded<UpdateIdentityProvider>, mut call: Call) -> Answer {
    let force = call.query(&["force"])?.flag("force")?;
    let expected = preconditions::if_match(&call.request)?;
    let body = call.body(Media::MergePatch).await?;
    let provider = match expected {
        Some(expected) => once(guarded, &body, force, Some(expected)).await?,
        None => {
            retried(&call.request, guarded, |guarded| {
                once(guarded, &body, force, None)
            })
            .await?
        }
    };
    Reply::ok(&call.request)
        .etag(provider.revision)
        .json(&ProviderBody::from(provider))
}

/// Reads the provider and writes its next state, if it is still what was read.
async fn once(
    guarded: Guarded<UpdateIdentityProvider>,
    body: &[u8],
    force: bool,
    expected: Option<IfMatch>,
) -> Result<IdentityProvider> {
    let Guarded {
        grant, app, caller, ..
    } = guarded;
    let gone = || Error::new(Code::NotFound);
    let id = ProviderId::parse(grant.target().id()).ok_or_else(gone)?;
    let before = app
        .store
        .identity_provider(caller.scope(), id)
        .await?
        .ok_or_else(gone)?;
    IfMatch::check_sent(expected.as_ref(), Some(before.revision))?;
    let revision = IfMatch::revision(before.revision);
    let update = IdentityProviderUpdate {
        force,
        ..read(body, &app, &caller, before)?
    };
    let written = app
        .store
        .update_identity_provider(grant, update, Some(revision))
        .await?;
    written.ok_or_else(gone)
}

fn read(
    body: &[u8],
    app: &App,
    caller: &Caller,
    before: IdentityProvider,
) -> Result<IdentityProviderUpdate> {
    let mut fields = Fields::parse(body)?;
    let issuer = match fields.change("issuer")? {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(text) => Some(Some(body::issuer(text)?)),
    };
    let kept = ProviderSettings {
        enabled: before.enabled,
        linking: before.linking,
        tokens: before.tokens,
    };
    let settings = rules::read(&mut fields, before.kind, kept.clone())?;
    fields.finish(&[&["issuer"][..], &rules::FIELDS[..]].concat())?;
    let after = issuer.as_ref().unwrap_or(&before.issuer);
    body::reachable(app, after.as_deref(), settings.tokens.is_some())?;
    let (old, new) = (kept.tokens.as_ref(), settings.tokens.as_ref());
    rules::may_write(caller.principal(), old, new)?;
    Ok(IdentityProviderUpdate {
        issuer,
        settings: (settings != kept).then_some(settings),
        force: false,
    })
}

//! `POST /v1/identity-providers`

use palisade_authz::action::CreateIdentityProvider;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::ProviderType;
use palisade_store::{NewIdentityProvider, ProviderSettings};
use utoipa::ToSchema;

use super::{
    body::{self, ProviderBody},
    rules::{self, LinkingChange, TokensChange},
};
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::Fields,
    guard::Guarded,
    problem::Answer,
    reply::Reply,
};

/// A new identity provider.
#[derive(ToSchema)]
#[schema(as = CreateIdentityProvider)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct CreateBody {
    /// `[a-z0-9][a-z0-9._-]{0,62}`, unique in the tenant.
    #[schema(pattern = "^[a-z0-9][a-z0-9._-]{0,62}$")]
    name: String,
    #[schema(rename = "type")]
    kind: crate::words::ProviderWord,
    /// The issuer URL (oidc) or entity id (saml).
    #[schema(min_length = 1, max_length = 2048)]
    issuer: Option<String>,
    /// `true` where left out.
    enabled: Option<bool>,
    /// Where left out, nobody is linked by itself.
    linking: Option<LinkingChange>,
    /// Where left out, its tokens are no credentials here. Of type `oidc` only; `audiences` and the issuer are required.
    tokens: Option<TokensChange>,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "createIdentityProvider",
        "identity_providers.create",
        "identity providers",
        "Create an identity provider",
    )
    .body::<CreateBody>(Media::Json)
    .replies::<ProviderBody>(201)
    .tagged()
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::Conflict,
        Code::LimitReached,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn create(guarded: Guarded<CreateIdentityProvider>, mut call: Call) -> Answer {
    call.query(&[])?;
    let new = read(&call.body(Media::Json).await?)?;
    let (app, tokens) = (&guarded.app, new.settings.tokens.as_ref());
    body::reachable(app, new.issuer.as_deref(), tokens.is_some())?;
    rules::may_write(guarded.caller.principal(), None, tokens)?;
    let provider = guarded
        .app
        .store
        .create_identity_provider(guarded.grant, new)
        .await?;
    let place = format!("{}/{}", call.request.path(), provider.id);
    Reply::created(&call.request, place)
        .etag(provider.revision)
        .json(&ProviderBody::from(provider))
}

fn read(body: &[u8]) -> Result<NewIdentityProvider> {
    let mut fields = Fields::parse(body)?;
    let name = body::name(fields.text("name")?)?;
    let kind = ProviderType::parse(&fields.text("type")?)
        .ok_or_else(|| Error::field("type", "`oidc`, `saml` or `scim`"))?;
    let issuer = fields
        .optional_text("issuer")?
        .map(body::issuer)
        .transpose()?;
    let settings = rules::read(&mut fields, kind, ProviderSettings::default())?;
    let known = ["name", "type", "issuer"];
    fields.finish(&[&known[..], &rules::FIELDS[..]].concat())?;
    Ok(NewIdentityProvider {
        name,
        kind,
        issuer,
        settings,
    })
}

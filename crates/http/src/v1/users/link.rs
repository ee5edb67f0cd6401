//! `POST /v1/users/{id}/identities`

use actix_web::HttpRequest;
use palisade_authz::{IdentityTarget, action::LinkExternalIdentity};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{ExternalIdentity, ProviderId, change};
use palisade_linking::manual::{LinkRequest, plan_link};
use palisade_store::Account;
use utoipa::ToSchema;

use super::body::ExternalIdentityBody;
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::Fields,
    guard::{Guarded, retried},
    let_in::may_let_in,
    problem::Answer,
    reply::Reply,
};

/// An account at an identity provider of the tenant.
#[derive(ToSchema)]
#[schema(as = LinkExternalIdentity)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct LinkBody {
    identity_provider_id: uuid::Uuid,
    /// The subject at the provider; 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    external_id: String,
    external_username: Option<String>,
    external_email: Option<String>,
    external_display_name: Option<String>,
}

const FIELDS: &[&str] = &[
    "identity_provider_id",
    "external_id",
    "external_username",
    "external_email",
    "external_display_name",
];

pub(super) fn doc() -> Doc {
    Doc::new(
        "linkUserIdentity",
        "users.identities.link",
        "users",
        "Link an external identity to a user",
    )
    .body::<LinkBody>(Media::Json)
    .replies::<ExternalIdentityBody>(201)
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::NotFound,
        Code::AlreadyLinked,
        Code::LinkRejected,
        Code::Conflict,
        Code::StaleResource,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn link(guarded: Guarded<LinkExternalIdentity>, mut call: Call) -> Answer {
    call.query(&[])?;
    let body = call.body(Media::Json).await?;
    let (provider, wanted) = read(&body, guarded.grant.target().id)?;
    let once = |guarded| once(guarded, &call.request, provider, wanted.clone());
    let linked = retried(&call.request, guarded, once).await?;
    let place = format!("{}/{}", call.request.path(), linked.id);
    Reply::created(&call.request, place).json(&ExternalIdentityBody::from(linked))
}

async fn once(
    guarded: Guarded<LinkExternalIdentity>,
    request: &HttpRequest,
    provider: ProviderId,
    wanted: LinkRequest,
) -> Result<ExternalIdentity> {
    let Guarded {
        grant,
        loaded,
        app,
        caller,
        ..
    } = guarded;
    let identity = loaded
        .open(&grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let provider = app
        .store
        .identity_provider(caller.scope(), provider)
        .await?
        .ok_or_else(|| {
            Error::field(
                "identity_provider_id",
                "the id of an identity provider of this tenant",
            )
        })?;
    may_let_in(request, provider.id, || IdentityTarget::of(&identity)).await?;
    let already = app
        .store
        .external_identity_of(&grant, provider.id, &wanted.external_id)
        .await?;
    let plan = plan_link(&provider, wanted, already.as_ref().map(Account::known))?;
    let changed = change::link(
        &identity,
        &provider.name,
        provider.kind,
        plan.external_id(),
        app.clock.now(),
    )?;
    app.store
        .link_external_identity(grant, identity.revision, plan, changed)
        .await
}

fn read(body: &[u8], user: palisade_identity::IdentityId) -> Result<(ProviderId, LinkRequest)> {
    let mut fields = Fields::parse(body)?;
    let provider = fields.text("identity_provider_id")?;
    let request = LinkRequest {
        user,
        external_id: fields.text("external_id")?,
        external_username: fields.optional_text("external_username")?,
        external_email: fields.optional_text("external_email")?,
        external_display_name: fields.optional_text("external_display_name")?,
    };
    fields.finish(FIELDS)?;
    let provider = ProviderId::parse(&provider)
        .ok_or_else(|| Error::field("identity_provider_id", "a UUID"))?;
    Ok((provider, request))
}

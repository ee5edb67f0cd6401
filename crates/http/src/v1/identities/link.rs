//! `POST /v1/identities/{id}/link`

use palisade_authz::{
    Authorized, IdentityTarget,
    action::{LinkExternalIdentity, ResolveExternalIdentity},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{Identity, IdentityId, change};
use palisade_linking::manual::plan_resolve;
use palisade_store::{Account, To};
use utoipa::ToSchema;

use super::{body::AccountBody, opened, written};
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::Fields,
    guard::{Guarded, decide},
    let_in::may_let_in,
    problem::Answer,
    reply::Reply,
};

/// Whom to link it to.
#[derive(ToSchema)]
#[schema(as = ResolveExternalIdentity)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct LinkBody {
    user_id: uuid::Uuid,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "linkExternalIdentity",
        "external_identities.link",
        "external identities",
        "Link an external identity that waits to a user",
    )
    .body::<LinkBody>(Media::Json)
    .replies::<AccountBody>(200)
    .tagged()
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

pub(super) async fn link(guarded: Guarded<ResolveExternalIdentity>, mut call: Call) -> Answer {
    call.query(&[])?;
    let body = call.body(Media::Json).await?;
    let user = read(&body)?;
    let account = written(&call, guarded, |guarded| once(guarded, &call, user)).await?;
    Reply::ok(&call.request)
        .etag(account.revision)
        .json(&AccountBody::from(account))
}

async fn once(
    guarded: Guarded<ResolveExternalIdentity>,
    call: &Call,
    user: IdentityId,
) -> Result<Account> {
    let Guarded {
        grant, loaded, app, ..
    } = guarded;
    let account = opened(call, loaded.open(&grant))?;
    let plan = plan_resolve(account.known(), user)?;
    let unknown = || Error::field("user_id", "the id of a user of this tenant");
    let (link, identity) = linkable(call, user).await?;
    let identity = identity.ok_or_else(unknown)?;
    let target = || IdentityTarget::of(&identity);
    may_let_in(&call.request, plan.provider(), target).await?;
    let changed = change::link(
        &identity,
        plan.provider_name(),
        plan.provider_type(),
        plan.external_id(),
        app.clock.now(),
    )?;
    let to = To::Known(link, identity.revision);
    app.store
        .resolve_external_identity(grant, to, plan, changed, false)
        .await
}

/// The user, and the leave to link something to it. `None` where there is no such user.
///
/// # Errors
/// `forbidden` where policy does not let the caller link to this user.
pub(super) async fn linkable(
    call: &Call,
    user: IdentityId,
) -> Result<(Authorized<LinkExternalIdentity>, Option<Identity>)> {
    let app = call.app()?;
    let caller = palisade_tenancy::middleware::caller(&call.request)
        .ok_or_else(|| Error::new(Code::Unauthenticated))?;
    let sealed = app.store.load_identity(caller.scope(), user).await?;
    let target: IdentityTarget = sealed.target();
    let grant = decide::<LinkExternalIdentity>(&call.request, target).await?;
    let identity = sealed.open(&grant);
    Ok((grant, identity))
}

fn read(body: &[u8]) -> Result<IdentityId> {
    let mut fields = Fields::parse(body)?;
    let user = fields.text("user_id")?;
    fields.finish(&["user_id"])?;
    IdentityId::parse(&user).ok_or_else(|| Error::field("user_id", "a UUID"))
}

//! `POST /v1/identities/{id}/create`

use palisade_authz::{
    IdentityTarget, Own,
    action::{CreateIdentity, ResolveExternalIdentity},
};
use palisade_envelope::{Code, Result};
use palisade_identity::{
    IdentityId,
    change::{self, CreateIdentity as NewIdentity, DEFAULT_SCHEMA},
};
use palisade_linking::manual::plan_resolve;
use palisade_store::{Account, To};
use serde_json::Value;
use utoipa::ToSchema;

use super::{body::AccountBody, opened, written};
use crate::{
    admin::identities::{schema, taken},
    call::{Call, Media},
    doc::Doc,
    fields::{Fields, bounded},
    guard::{Guarded, decide},
    let_in::may_let_in,
    problem::Answer,
    reply::Reply,
};

/// The user to make.
#[derive(ToSchema)]
#[schema(as = CreateUserOfExternalIdentity)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct CreateBody {
    /// The identity schema; `default` where left out.
    #[schema(min_length = 1, max_length = 255)]
    schema_id: Option<String>,
    /// A JSON object that fits the schema. Nothing is taken from the provider by itself, and no address counts as verified.
    #[schema(value_type = Object)]
    traits: Value,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "createUserOfExternalIdentity",
        "external_identities.create_user",
        "external identities",
        "Make a user and link an external identity that waits to it",
    )
    .body::<CreateBody>(Media::Json)
    .replies::<AccountBody>(201)
    .tagged()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::SchemaViolation,
        Code::NotFound,
        Code::AlreadyLinked,
        Code::LinkRejected,
        Code::Conflict,
        Code::StaleResource,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn create(guarded: Guarded<ResolveExternalIdentity>, mut call: Call) -> Answer {
    call.query(&[])?;
    let body = call.body(Media::Json).await?;
    let (schema_id, traits) = read(&body)?;
    let once = |guarded| once(guarded, &call, &schema_id, &traits);
    let account = written(&call, guarded, once).await?;
    let user = account.external.user_id.map(|id| id.to_string());
    let place = format!("/v1/users/{}", user.unwrap_or_default());
    Reply::created(&call.request, place)
        .etag(account.revision)
        .json(&AccountBody::from(account))
}

async fn once(
    guarded: Guarded<ResolveExternalIdentity>,
    call: &Call,
    schema_id: &str,
    traits: &Value,
) -> Result<Account> {
    let Guarded {
        grant, loaded, app, ..
    } = guarded;
    let account = opened(call, loaded.open(&grant))?;
    let create = decide::<CreateIdentity>(&call.request, Own).await?;
    let schema = schema(&app, create.scope(), schema_id).await?;
    let now = app.clock.now();
    let input = NewIdentity {
        schema_id: Some(schema_id.to_owned()),
        traits: Some(traits.clone()),
        ..NewIdentity::default()
    };
    let made = change::create(input, &schema, IdentityId::generate(now), now)?;
    let plan = plan_resolve(account.known(), made.identity.id)?;
    let target = || IdentityTarget::of(&made.identity);
    may_let_in(&call.request, plan.provider(), target).await?;
    let changed = change::with_account(
        made,
        plan.provider_name(),
        plan.provider_type(),
        plan.external_id(),
        now,
    )?;
    app.store
        .resolve_external_identity(grant, To::New(create), plan, changed, false)
        .await
        .map_err(|error| taken(error, change::TAKEN))
}

fn read(body: &[u8]) -> Result<(String, Value)> {
    let mut fields = Fields::parse(body)?;
    let schema_id = match fields.optional_text("schema_id")? {
        Some(text) => bounded("schema_id", text, 255)?,
        None => DEFAULT_SCHEMA.to_owned(),
    };
    let traits = fields.object("traits")?;
    fields.finish(&["schema_id", "traits"])?;
    Ok((schema_id, traits))
}

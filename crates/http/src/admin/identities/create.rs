//! `POST /admin/identities`

use palisade_authz::{IdentityTarget, action::CreateIdentity};
use palisade_envelope::Code;
use palisade_identity::{IdentityId, change, decode};

use super::{
    body::{Configs, IdentityBody},
    change::{hash_password, schema, taken},
    imports,
};
use crate::{
    call::{Call, Media},
    doc::Doc,
    guard::Guarded,
    problem::Answer,
    reply::{Reply, base_url},
    requests::CreateIdentityBody,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "createIdentity",
        "identities.create",
        "identity",
        "Create an identity",
    )
    .body::<CreateIdentityBody>(Media::Any)
    .replies::<IdentityBody<'_>>(201)
    .tagged()
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::SchemaViolation,
        Code::Conflict,
        Code::BodyTooLarge,
    ])
}

pub(super) async fn create(guarded: Guarded<CreateIdentity>, mut call: Call) -> Answer {
    let app = &guarded.app;
    let base_url = base_url(&call.request, &app.settings)?;
    let mut input = decode::create(&call.body(Media::Any).await?)?;
    let region = input.region;
    let schema = schema(app, guarded.grant.scope(), input.schema_id()).await?;
    hash_password(app, &mut input.credentials).await?;
    let now = app.clock.now();
    let changed = change::create(input, &schema, IdentityId::generate(now), now)?;
    let target = || IdentityTarget::of(&changed.identity);
    let imports = imports::grants(&call.request, target, &[], &changed.identity).await?;
    let identity = app
        .store
        .create_identity(guarded.grant, changed, imports)
        .await
        .map_err(|error| taken(error, change::TAKEN))?;
    let place = format!("{base_url}{}/{}", call.request.path(), identity.id);
    let body = IdentityBody::new(&identity, &base_url)
        .with_credentials(&identity, Configs::new())
        .with_region(region);
    Reply::created(&call.request, place)
        .etag(identity.revision)
        .json(&body)
}

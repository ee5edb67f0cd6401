//! `PUT /admin/identities/{id}`

use palisade_authz::action::UpdateIdentity;
use palisade_envelope::Code;
use palisade_identity::{change, decode};

use super::{
    body::IdentityBody,
    change::{hash_password, schema, update},
};
use crate::{
    call::{Call, Media},
    doc::Doc,
    guard::Guarded,
    problem::Answer,
    requests::ReplaceIdentityBody,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "updateIdentity",
        "identities.replace",
        "identity",
        "Update an identity",
    )
    .body::<ReplaceIdentityBody>(Media::OryJson)
    .replies::<IdentityBody<'_>>(200)
    .tagged()
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::SchemaViolation,
        Code::NotFound,
        Code::Conflict,
        Code::StaleResource,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn replace(guarded: Guarded<UpdateIdentity>, mut call: Call) -> Answer {
    let (app, caller) = (guarded.app.clone(), guarded.caller.clone());
    let body = call.body(Media::OryJson).await?;
    let mut input = decode::replace(&body)?;
    // Once, whatever the number of tries.
    hash_password(&app, &mut input.credentials).await?;
    let (app, scope, input) = (&app, caller.scope(), &input);
    let adds_to = input.credentials.adds_to();
    update(
        guarded,
        &call.request,
        &adds_to,
        |current, kept| async move {
            let schema = schema(app, scope, input.schema_id(&current)).await?;
            Ok((
                change::replace(&current, &kept, input.clone(), &schema, app.clock.now())?,
                input.region,
            ))
        },
    )
    .await
}

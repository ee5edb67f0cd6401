//! `PATCH /admin/identities/{id}`

use palisade_authz::action::UpdateIdentity;
use palisade_envelope::Code;
use palisade_identity::{change, decode};

use super::{
    body::IdentityBody,
    change::{schema, update},
};
use crate::{
    call::{Call, Media},
    doc::Doc,
    guard::Guarded,
    problem::Answer,
    requests::JsonPatchBody,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "patchIdentity",
        "identities.patch",
        "identity",
        "Patch an identity",
    )
    .body::<JsonPatchBody>(Media::Any)
    .replies::<IdentityBody<'_>>(200)
    .tagged()
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::InvalidPatch,
        Code::SchemaViolation,
        Code::NotFound,
        Code::Conflict,
        Code::StaleResource,
        Code::BodyTooLarge,
    ])
}

pub(super) async fn patch(guarded: Guarded<UpdateIdentity>, mut call: Call) -> Answer {
    let (app, caller) = (guarded.app.clone(), guarded.caller.clone());
    let patch = decode::patch(&call.body(Media::Any).await?)?;
    let (app, scope, patch) = (&app, caller.scope(), &patch);
    update(guarded, &call.request, &[], |current, _| async move {
        let patched = change::patch(&current, patch)?;
        let region = patched.region();
        let schema = schema(app, scope, patched.schema_id()).await?;
        Ok((
            change::finish_patch(&current, patched, &schema, app.clock.now())?,
            region,
        ))
    })
    .await
}

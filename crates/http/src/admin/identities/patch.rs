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
    let body = call.body(Media::Any).await?;
    let (app, scope, body) = (&app, caller.scope(), &body);
    update(guarded, &call.request, &[], |current, _| async move {
        // Only now: Ory answers 404 before it looks at a patch.
        let patched = change::patch(&current, &decode::patch(body)?)?;
        let region = patched.region();
        let schema = schema(app, scope, patched.schema_id()).await?;
        Ok((
            change::finish_patch(&current, patched, &schema, app.clock.now())?,
            region,
        ))
    })
    .await
}

//! `POST /v1/api-keys`

use palisade_authz::{action::CreateApiKey, may_hand_out};
use palisade_envelope::Code;

use super::{KeyWithSecret, created, refused, request};
use crate::{
    call::{Call, Media},
    doc::Doc,
    guard::Guarded,
    problem::Answer,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "createApiKey",
        "api_keys.create",
        "API keys",
        "Create an API key",
    )
    .body::<request::CreateKeyBody>(Media::Json)
    .replies::<KeyWithSecret>(201)
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn create(guarded: Guarded<CreateApiKey>, mut call: Call) -> Answer {
    call.query(&[])?;
    let Guarded {
        grant, app, caller, ..
    } = guarded;
    let new = request::read(&call.body(Media::Json).await?, app.clock.now(), true)?;
    if let Err(error) = may_hand_out(grant.principal(), &new.roles) {
        return Err(refused(
            &call,
            &app,
            &caller,
            &grant,
            ("Tenant", caller.tenant().to_string()),
            error,
        )
        .into());
    }
    let (record, key) = app.store.create_api_key(grant, new).await?;
    created(&call.request, record, &key)
}

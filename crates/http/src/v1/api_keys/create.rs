//! `POST /v1/api-keys`

use std::sync::Arc;

use palisade_authz::{Action as _, Denied, Determining, action::CreateApiKey, may_hand_out};
use palisade_envelope::Code;

use super::{KeyWithSecret, created, request};
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
        let determining = Determining {
            notices: error.envelope().notices.clone(),
            ..grant.determining().clone()
        };
        let denied = Denied {
            caller: Arc::clone(&caller),
            action: CreateApiKey::NAME,
            resource: ("Tenant".to_owned(), caller.tenant().to_string()),
            determining,
            evaluation_error: false,
            context: grant.context().clone(),
        };
        call.trail().denied(CreateApiKey::NAME);
        app.store.record_denial(&denied);
        return Err(error.into());
    }
    let (record, key) = app.store.create_api_key(grant, new).await?;
    created(&call.request, record, &key)
}

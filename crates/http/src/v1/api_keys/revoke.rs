//! `DELETE /v1/api-keys/{id}`

use palisade_authz::{action::RevokeApiKey, may_take_back};
use palisade_envelope::{Code, Error};
use palisade_tenancy::{Directory as _, KeyId};

use super::refused;
use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::no_content};

pub(super) fn doc() -> Doc {
    Doc::new(
        "revokeApiKey",
        "api_keys.revoke",
        "API keys",
        "Revoke an API key",
    )
    .empty()
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn revoke(guarded: Guarded<RevokeApiKey>, call: Call) -> Answer {
    call.query(&[])?;
    let Guarded {
        grant, app, caller, ..
    } = guarded;
    let absent = || Error::new(Code::NotFound);
    let id = KeyId::parse(grant.target().id()).ok_or_else(absent)?;
    let record = app
        .store
        .key(caller.tenant(), id)
        .await?
        .ok_or_else(absent)?;
    if let Err(error) = may_take_back(grant.principal(), &record.roles) {
        return Err(refused(
            &call,
            &app,
            &caller,
            &grant,
            ("ApiKey", id.to_string()),
            error,
        )
        .into());
    }
    if app.store.revoke_api_key(grant).await? {
        no_content(&call.request)
    } else {
        Err(absent().into())
    }
}

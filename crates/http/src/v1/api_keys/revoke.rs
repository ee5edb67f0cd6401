//! `DELETE /v1/api-keys/{id}`

use palisade_authz::action::RevokeApiKey;
use palisade_envelope::{Code, Error};

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
    if guarded.app.store.revoke_api_key(guarded.grant).await? {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}

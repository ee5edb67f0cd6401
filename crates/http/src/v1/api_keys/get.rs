//! `GET /v1/api-keys/{id}`

use palisade_authz::action::ReadApiKey;
use palisade_envelope::{Code, Error};

use super::body::KeyBody;
use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::Reply};

/// Without an entity tag: no write to a key takes one, and that it was used changes what is answered.
pub(super) fn doc() -> Doc {
    Doc::new(
        "getApiKey",
        "api_keys.get",
        "API keys",
        "Get an API key, without its secret",
    )
    .replies::<KeyBody>(200)
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn get(guarded: Guarded<ReadApiKey>, call: Call) -> Answer {
    call.query(&[])?;
    let key = guarded.app.store.read_api_key(&guarded.grant).await?;
    let key = key.ok_or_else(|| Error::new(Code::NotFound))?;
    Reply::ok(&call.request).json(&KeyBody::from(key))
}

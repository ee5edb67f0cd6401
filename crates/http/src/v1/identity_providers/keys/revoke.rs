//! `DELETE /v1/identity-providers/{id}/keys/{key_id}`

use palisade_authz::action::RevokeConnectionKey;
use palisade_envelope::{Code, Error};
use palisade_tenancy::KeyId;

use crate::{
    call::Call,
    doc::Doc,
    guard::{Guarded, invalid_id},
    problem::Answer,
    reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "revokeConnectionKey",
        "identity_providers.keys.revoke",
        "identity providers",
        "Revoke a key of a SCIM connection",
    )
    .empty()
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn revoke(guarded: Guarded<RevokeConnectionKey>, call: Call) -> Answer {
    call.query(&[])?;
    let key = KeyId::parse(&call.path("key_id")?).ok_or_else(|| invalid_id("key_id"))?;
    if guarded
        .app
        .store
        .revoke_connection_key(guarded.grant, key)
        .await?
    {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}

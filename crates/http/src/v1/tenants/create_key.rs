//! `POST /v1/tenants/{id}/api-keys`

use palisade_authz::action::CreateTenantKey;
use palisade_envelope::Code;
use palisade_tenancy::TenantId;

use super::super::api_keys::{KeyWithSecret, created, request};
use crate::{
    call::{Call, Media},
    doc::Doc,
    guard::Guarded,
    problem::Answer,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "createTenantApiKey",
        "tenants.create_key",
        "tenants",
        "Create a key of a tenant, such as its first",
    )
    .body::<request::CreateKeyBody>(Media::Json)
    .replies::<KeyWithSecret>(201)
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::NotFound,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn create_key(guarded: Guarded<CreateTenantKey>, mut call: Call) -> Answer {
    call.query(&[])?;
    // A key of the platform's own tenant is the operator's: it has the one role.
    let operators = TenantId::parse(guarded.grant.target().id()) == Some(TenantId::PLATFORM);
    let new = request::read(
        &call.body(Media::Json).await?,
        guarded.app.clock.now(),
        !operators,
    )?;
    let (record, key) = guarded
        .app
        .store
        .create_tenant_key(guarded.grant, new)
        .await?;
    created(&call.request, record, &key)
}

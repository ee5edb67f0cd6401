//! `GET /v1/tenants/{id}`

use palisade_authz::action::ReadTenant;
use palisade_envelope::{Code, Error};

use super::body::TenantBody;
use crate::{call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::Reply};

pub(super) fn doc() -> Doc {
    Doc::new("getTenant", "tenants.get", "tenants", "Get a tenant")
        .replies::<TenantBody>(200)
        .tagged()
        .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn get(guarded: Guarded<ReadTenant>, call: Call) -> Answer {
    call.query(&[])?;
    let tenant = guarded
        .app
        .store
        .read_tenant(&guarded.grant)
        .await?
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let revision = tenant.revision;
    if preconditions::unchanged(&call.request, revision)? {
        return Ok(preconditions::not_modified(&call.request, revision));
    }
    Reply::ok(&call.request)
        .etag(revision)
        .json(&TenantBody::from(tenant))
}

//! `POST /v1/tenants/{id}/suspend` and `POST /v1/tenants/{id}/resume`

use palisade_authz::action::{ResumeTenant, SuspendTenant};
use palisade_envelope::{Code, Error};
use palisade_store::Tenant;

use super::body::TenantBody;
use crate::{call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::Reply};

pub(super) fn suspend_doc() -> Doc {
    doc(
        "suspendTenant",
        "tenants.suspend",
        "Suspend a tenant: its callers get 403 `tenant_suspended`",
    )
}

pub(super) fn resume_doc() -> Doc {
    doc("resumeTenant", "tenants.resume", "Resume a tenant")
}

fn doc(id: &'static str, name: &'static str, summary: &'static str) -> Doc {
    Doc::new(id, name, "tenants", summary)
        .replies::<TenantBody>(200)
        .tagged()
        .refuses(&[
            Code::InvalidId,
            Code::InvalidRequest,
            Code::NotFound,
            Code::StaleResource,
        ])
}

pub(super) async fn suspend(guarded: Guarded<SuspendTenant>, call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    answer(
        &call,
        guarded
            .app
            .store
            .suspend_tenant(guarded.grant, expected)
            .await?,
    )
}

pub(super) async fn resume(guarded: Guarded<ResumeTenant>, call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    answer(
        &call,
        guarded
            .app
            .store
            .resume_tenant(guarded.grant, expected)
            .await?,
    )
}

fn answer(call: &Call, tenant: Option<Tenant>) -> Answer {
    let tenant = tenant.ok_or_else(|| Error::new(Code::NotFound))?;
    Reply::ok(&call.request)
        .etag(tenant.revision)
        .json(&TenantBody::from(tenant))
}

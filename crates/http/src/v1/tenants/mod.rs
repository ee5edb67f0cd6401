//! `/v1/tenants`: the operator's surface.

mod body;
mod create;
mod create_key;
mod delete;
mod get;
mod list;
mod state;
mod update;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let all = "/v1/tenants";
    let one = "/v1/tenants/{id}";
    table.guarded::<action::ListTenants, _, _>(Method::GET, all, list::list, list::doc());
    table.guarded::<action::CreateTenant, _, _>(Method::POST, all, create::create, create::doc());
    table.guarded::<action::ReadTenant, _, _>(Method::GET, one, get::get, get::doc());
    table.guarded::<action::UpdateTenant, _, _>(Method::PATCH, one, update::update, update::doc());
    table.guarded::<action::DeleteTenant, _, _>(Method::DELETE, one, delete::delete, delete::doc());
    let (suspend, resume) = (format!("{one}/suspend"), format!("{one}/resume"));
    table.guarded::<action::SuspendTenant, _, _>(
        Method::POST,
        suspend,
        state::suspend,
        state::suspend_doc(),
    );
    table.guarded::<action::ResumeTenant, _, _>(
        Method::POST,
        resume,
        state::resume,
        state::resume_doc(),
    );
    table.guarded::<action::CreateTenantKey, _, _>(
        Method::POST,
        format!("{one}/api-keys"),
        create_key::create_key,
        create_key::doc(),
    );
}

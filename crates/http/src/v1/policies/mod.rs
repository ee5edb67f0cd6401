//! `/v1/policies`: the tenant's own Cedar policies.

mod body;
mod delete;
mod get;
mod list;
mod put;
mod validate;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let one = "/v1/policies/{name}";
    table.guarded::<action::ListPolicies, _, _>(
        Method::GET,
        "/v1/policies",
        list::list,
        list::doc(),
    );
    table.guarded::<action::ValidatePolicy, _, _>(
        Method::POST,
        "/v1/policies/validate",
        validate::validate,
        validate::doc(),
    );
    table.guarded::<action::ReadPolicy, _, _>(Method::GET, one, get::get, get::doc());
    table.guarded::<action::PutPolicy, _, _>(Method::PUT, one, put::put, put::doc());
    table.guarded::<action::DeletePolicy, _, _>(Method::DELETE, one, delete::delete, delete::doc());
}

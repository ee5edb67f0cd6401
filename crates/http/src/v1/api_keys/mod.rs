//! `/v1/api-keys`: the tenant's keys.

mod body;
mod create;
mod list;
pub(super) mod request;
mod revoke;

use actix_web::http::Method;
use palisade_authz::action;

pub(super) use body::{KeyWithSecret, created};

use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let all = "/v1/api-keys";
    table.guarded::<action::ListApiKeys, _, _>(Method::GET, all, list::list, list::doc());
    table.guarded::<action::CreateApiKey, _, _>(Method::POST, all, create::create, create::doc());
    table.guarded::<action::RevokeApiKey, _, _>(
        Method::DELETE,
        "/v1/api-keys/{id}",
        revoke::revoke,
        revoke::doc(),
    );
}

//! `/v1/schemas`: the tenant's identity schemas.

mod body;
mod create;
mod delete;
mod get;
mod impact;
mod list;
mod put;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let one = "/v1/schemas/{id}";
    table.guarded::<action::ListIdentitySchemas, _, _>(
        Method::GET,
        "/v1/schemas",
        list::list,
        list::doc(),
    );
    table.guarded::<action::CreateIdentitySchema, _, _>(
        Method::POST,
        "/v1/schemas",
        create::create,
        create::doc(),
    );
    table.guarded::<action::ReadIdentitySchema, _, _>(Method::GET, one, get::get, get::doc());
    table.guarded::<action::PutIdentitySchema, _, _>(Method::PUT, one, put::put, put::doc());
    table.guarded::<action::DeleteIdentitySchema, _, _>(
        Method::DELETE,
        one,
        delete::delete,
        delete::doc(),
    );
}

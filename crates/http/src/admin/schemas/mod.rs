//! `/schemas`: the tenant's identity schemas as Ory's clients read them.

mod get;
mod list;
mod locate;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

pub(crate) fn mount(table: &mut RouteTable) {
    table.guarded::<action::ListIdentitySchemas, _, _>(
        Method::GET,
        "/schemas",
        list::list,
        list::doc(),
    );
    table.guarded::<action::ReadIdentitySchema, _, _>(
        Method::GET,
        "/schemas/{id}",
        get::get,
        get::doc(),
    );
}

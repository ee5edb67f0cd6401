//! `/v1/users/{id}/sessions`

mod body;
mod create;
mod delete;
mod list;
mod request;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let all = "/v1/users/{id}/sessions";
    table.guarded::<action::ListIdentitySessions, _, _>(Method::GET, all, list::list, list::doc());
    table.guarded::<action::CreateSession, _, _>(Method::POST, all, create::create, create::doc());
    table.guarded::<action::DeleteIdentitySessions, _, _>(
        Method::DELETE,
        all,
        delete::delete,
        delete::doc(),
    );
}

//! `/v1/session-token-templates`: what the tokens say that `tokenize_as` makes of a session.

mod body;
mod delete;
mod get;
mod list;
mod put;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let one = "/v1/session-token-templates/{name}";
    table.guarded::<action::ListSessionTokenTemplates, _, _>(
        Method::GET,
        "/v1/session-token-templates",
        list::list,
        list::doc(),
    );
    table.guarded::<action::ReadSessionTokenTemplate, _, _>(Method::GET, one, get::get, get::doc());
    table.guarded::<action::PutSessionTokenTemplate, _, _>(Method::PUT, one, put::put, put::doc());
    table.guarded::<action::DeleteSessionTokenTemplate, _, _>(
        Method::DELETE,
        one,
        delete::delete,
        delete::doc(),
    );
}

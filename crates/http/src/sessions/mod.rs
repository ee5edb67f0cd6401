//! `/sessions`: what somebody does with the token of a session of their own, as at Ory.
//! To add an operation: a file with its handler and its `doc()`, and a line in [`mount`].

mod disable;
mod disable_others;
mod list;
mod whoami;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

/// All of them ask for the token of a session, since what they do is personal.
pub(crate) fn mount(table: &mut RouteTable) {
    let all = "/sessions";
    table.guarded::<action::ReadOwnSession, _, _>(
        Method::GET,
        "/sessions/whoami",
        whoami::whoami,
        whoami::doc(),
    );
    table.guarded::<action::ListOwnSessions, _, _>(Method::GET, all, list::list, list::doc());
    table.guarded::<action::DisableOtherSessions, _, _>(
        Method::DELETE,
        all,
        disable_others::disable_others,
        disable_others::doc(),
    );
    table.guarded::<action::DisableOwnSession, _, _>(
        Method::DELETE,
        "/sessions/{id}",
        disable::disable,
        disable::doc(),
    );
}

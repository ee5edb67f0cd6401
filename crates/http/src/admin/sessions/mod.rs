//! `/admin/sessions` and the sessions of one identity, and the same handlers at `/iam`.
//! To add an operation: a file with its handler and its `doc()`, and a line in [`mount`].

mod body;
mod delete_of_identity;
mod disable;
mod extend;
mod get;
mod list;
mod list_of_identity;
mod manage;
mod paging;
mod query;

use actix_web::http::Method;
use palisade_authz::action;

pub(crate) use body::{DeviceBody, MethodBody, SessionBody};
pub(crate) use paging::{PARAMS as PAGE_PARAMS, Paging};

use crate::routes::RouteTable;

/// Both mounts.
pub(crate) fn mount(table: &mut RouteTable) {
    for (prefix, suffix) in [("/admin", ""), ("/iam", "AtIam")] {
        let all = format!("{prefix}/sessions");
        let one = format!("{prefix}/sessions/{{id}}");
        let extended = format!("{prefix}/sessions/{{id}}/extend");
        let of_identity = format!("{prefix}/identities/{{id}}/sessions");
        let doc = |doc: crate::doc::Doc| doc.again(suffix);
        table.guarded::<action::ListIdentitySessions, _, _>(
            Method::GET,
            &of_identity,
            list_of_identity::list,
            doc(list_of_identity::doc()),
        );
        table.guarded::<action::DeleteIdentitySessions, _, _>(
            Method::DELETE,
            &of_identity,
            delete_of_identity::delete,
            doc(delete_of_identity::doc()),
        );
        table.guarded::<action::ListSessions, _, _>(
            Method::GET,
            &all,
            list::list,
            doc(list::doc()),
        );
        table.guarded::<action::ManageSessions, _, _>(
            Method::POST,
            &all,
            manage::manage,
            doc(manage::doc()),
        );
        table.guarded::<action::ReadSession, _, _>(Method::GET, &one, get::get, doc(get::doc()));
        table.guarded::<action::DisableSession, _, _>(
            Method::DELETE,
            &one,
            disable::disable,
            doc(disable::doc()),
        );
        table.guarded::<action::ExtendSession, _, _>(
            Method::PATCH,
            &extended,
            extend::extend,
            doc(extend::doc()),
        );
    }
}

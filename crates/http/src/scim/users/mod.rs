//! `/scim/v2/Users`.

mod body;
mod change;
mod create;
mod delete;
mod get;
mod list;
mod patch;
mod replace;

use actix_web::http::Method;
use palisade_authz::action;

pub(super) use body::check_lengths;
pub(super) use change::{Change, Next, Rules, pause};
pub(super) use list::resources;

use super::{ROOT, context, doc};
use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let all = format!("{ROOT}/Users");
    let one = format!("{ROOT}/Users/{{id}}");
    let search = format!("{ROOT}/Users/.search");
    table.guarded::<action::ListScimUsers, _, _>(
        Method::POST,
        search,
        list::search,
        doc("scimSearchUsers", "scim.users.search"),
    );
    table.guarded::<action::ListScimUsers, _, _>(
        Method::GET,
        &all,
        list::list,
        doc("scimListUsers", "scim.users.list"),
    );
    table.guarded::<action::CreateScimUser, _, _>(
        Method::POST,
        &all,
        create::create,
        doc("scimCreateUser", "scim.users.create"),
    );
    table.guarded::<action::ReadScimUser, _, _>(
        Method::GET,
        &one,
        get::get,
        doc("scimGetUser", "scim.users.get"),
    );
    table.guarded::<action::UpdateScimUser, _, _>(
        Method::PUT,
        &one,
        replace::replace,
        doc("scimReplaceUser", "scim.users.replace"),
    );
    table.guarded::<action::UpdateScimUser, _, _>(
        Method::PATCH,
        &one,
        patch::patch,
        doc("scimPatchUser", "scim.users.patch"),
    );
    table.guarded::<action::DeleteScimUser, _, _>(
        Method::DELETE,
        &one,
        delete::delete,
        doc("scimDeleteUser", "scim.users.delete"),
    );
}

/// Whether an answer to this query has the groups of a user. What can't be read is refused later, by the handler.
pub(crate) fn wants_groups(query: &str) -> bool {
    let asked = context::query(query).and_then(|query| query.projection(&context::USER));
    asked.is_ok_and(|projection| projection.wants("groups", &context::USER))
}

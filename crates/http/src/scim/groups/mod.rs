//! `/scim/v2/Groups`.

mod body;
mod create;
mod delete;
mod get;
mod list;
mod patch;
mod replace;

use actix_web::http::Method;
use palisade_authz::action;

pub(super) use body::check;
pub(super) use list::resources;

use super::{ROOT, doc};
use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let all = format!("{ROOT}/Groups");
    let one = format!("{ROOT}/Groups/{{id}}");
    let search = format!("{ROOT}/Groups/.search");
    table.guarded::<action::ListScimGroups, _, _>(
        Method::POST,
        search,
        list::search,
        doc("scimSearchGroups", "scim.groups.search"),
    );
    table.guarded::<action::ListScimGroups, _, _>(
        Method::GET,
        &all,
        list::list,
        doc("scimListGroups", "scim.groups.list"),
    );
    table.guarded::<action::CreateScimGroup, _, _>(
        Method::POST,
        &all,
        create::create,
        doc("scimCreateGroup", "scim.groups.create"),
    );
    table.guarded::<action::ReadScimGroup, _, _>(
        Method::GET,
        &one,
        get::get,
        doc("scimGetGroup", "scim.groups.get"),
    );
    table.guarded::<action::UpdateScimGroup, _, _>(
        Method::PUT,
        &one,
        replace::replace,
        doc("scimReplaceGroup", "scim.groups.replace"),
    );
    table.guarded::<action::UpdateScimGroup, _, _>(
        Method::PATCH,
        &one,
        patch::patch,
        doc("scimPatchGroup", "scim.groups.patch"),
    );
    table.guarded::<action::DeleteScimGroup, _, _>(
        Method::DELETE,
        &one,
        delete::delete,
        doc("scimDeleteGroup", "scim.groups.delete"),
    );
}

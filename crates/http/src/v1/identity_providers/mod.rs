//! `/v1/identity-providers`: the outside sources of external identities.

mod body;
mod create;
mod delete;
mod get;
mod keys;
mod list;
mod rules;
mod scim;
mod update;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let all = "/v1/identity-providers";
    let one = "/v1/identity-providers/{id}";
    table.guarded::<action::ListIdentityProviders, _, _>(Method::GET, all, list::list, list::doc());
    table.guarded::<action::CreateIdentityProvider, _, _>(
        Method::POST,
        all,
        create::create,
        create::doc(),
    );
    table.guarded::<action::ReadIdentityProvider, _, _>(Method::GET, one, get::get, get::doc());
    table.guarded::<action::UpdateIdentityProvider, _, _>(
        Method::PATCH,
        one,
        update::update,
        update::doc(),
    );
    table.guarded::<action::DeleteIdentityProvider, _, _>(
        Method::DELETE,
        one,
        delete::delete,
        delete::doc(),
    );
    keys::mount(table);
    scim::mount(table);
}

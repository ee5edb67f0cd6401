//! `/v1/identity-providers/{id}/keys`: the keys that a provisioning system uses its connection with.

mod body;
mod create;
mod list;
mod revoke;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let all = "/v1/identity-providers/{id}/keys";
    table.guarded::<action::ListConnectionKeys, _, _>(Method::GET, all, list::list, list::doc());
    table.guarded::<action::CreateConnectionKey, _, _>(
        Method::POST,
        all,
        create::create,
        create::doc(),
    );
    table.guarded::<action::RevokeConnectionKey, _, _>(
        Method::DELETE,
        "/v1/identity-providers/{id}/keys/{key_id}",
        revoke::revoke,
        revoke::doc(),
    );
}

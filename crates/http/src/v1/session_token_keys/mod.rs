//! `/v1/session-token-keys`: the keys that sign session tokens. Their public parts are at the tenant's JWKS.

mod rotate;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    table.guarded::<action::RotateSessionTokenKey, _, _>(
        Method::POST,
        "/v1/session-token-keys/rotate",
        rotate::rotate,
        rotate::doc(),
    );
}

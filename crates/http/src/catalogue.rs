//! Every operation, room by room. The order is the one of the OpenAPI document.

use crate::{admin, jwks, ops, routes::RouteTable, scim, sessions, v1};

/// The table of all operations.
pub fn table() -> RouteTable {
    let mut table = RouteTable::default();
    admin::identities::mount(&mut table);
    admin::schemas::mount(&mut table);
    admin::sessions::mount(&mut table);
    sessions::mount(&mut table);
    v1::mount(&mut table);
    jwks::mount(&mut table);
    scim::mount(&mut table);
    ops::mount(&mut table);
    table
}

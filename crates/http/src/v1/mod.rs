//! The native dialect.
//! To add a room: a module with a `mount`, and a line in [`mount`]. To add an operation: a file in its room.

mod api_keys;
mod audit_events;
mod identities;
mod identity_providers;
mod paging;
mod policies;
mod schemas;
mod session_token_keys;
mod session_token_templates;
mod tenants;
mod users;
mod whoami;

use crate::routes::RouteTable;

pub(crate) fn mount(table: &mut RouteTable) {
    whoami::mount(table);
    users::mount(table);
    identities::mount(table);
    identity_providers::mount(table);
    schemas::mount(table);
    policies::mount(table);
    session_token_templates::mount(table);
    session_token_keys::mount(table);
    api_keys::mount(table);
    audit_events::mount(table);
    tenants::mount(table);
}

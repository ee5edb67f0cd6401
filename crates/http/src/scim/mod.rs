//! `/scim/v2`: SCIM 2.0 for provisioning systems, with the key of a connection. What messages mean is `palisade-scim`'s to say.
//! To add an operation: a file with its handler, and a line in the `mount` of its room.

mod bulk;
mod context;
mod discovery;
pub(crate) mod groups;
mod me;
mod reply;
mod search;
pub(crate) mod users;

pub(crate) use reply::{MEDIA_TYPE, media_type};

use crate::{doc::Doc, routes::RouteTable};

/// Where the service is.
const ROOT: &str = "/scim/v2";

pub(crate) fn mount(table: &mut RouteTable) {
    discovery::mount(table);
    me::mount(table);
    users::mount(table);
    groups::mount(table);
    search::mount(table);
    bulk::mount(table);
}

/// Names an operation for spans and metrics. The document of the API leaves SCIM out: it describes itself.
fn doc(id: &'static str, name: &'static str) -> Doc {
    Doc::new(id, name, "SCIM", id)
}

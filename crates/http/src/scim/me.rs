//! `/Me`: nobody, since a connection is no user (RFC 7644 section 3.11).

use actix_web::http::Method;
use palisade_authz::action::ReadScimSchemas;
use palisade_envelope::{Code, Error};

use super::{ROOT, doc};
use crate::{call::Call, guard::Guarded, problem::Answer, routes::RouteTable};

pub(super) fn mount(table: &mut RouteTable) {
    let path = format!("{ROOT}/Me");
    table.guarded::<ReadScimSchemas, _, _>(Method::GET, &path, me, doc("scimMe", "scim.me"));
}

async fn me(_: Guarded<ReadScimSchemas>, _: Call) -> Answer {
    Err(Error::with_message(
        Code::NotFound,
        "the key of a connection is no user; ask for `/Users/{id}`",
    )
    .into())
}

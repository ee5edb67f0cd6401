//! A handler without a guard can't be mounted as a guarded one.

use actix_web::http::Method;
use palisade_authz::action::DeleteIdentity;
use palisade_http::{Answer, Call, Doc, RouteTable};

async fn delete(_: Call) -> Answer {
    unimplemented!()
}

fn main() {
    let doc = Doc::new("deleteIdentity", "identities.delete", "identity", "Delete an identity");
    RouteTable::default().guarded::<DeleteIdentity, _, _>(Method::DELETE, "/admin/identities/{id}", delete, doc);
}

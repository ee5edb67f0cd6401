//! A handler behind one action's guard can't be mounted under another action's name.

use actix_web::http::Method;
use palisade_authz::action::{DeleteIdentity, ReadIdentity};
use palisade_http::{Answer, Call, Doc, Guarded, RouteTable};

async fn delete(_: Guarded<ReadIdentity>, _: Call) -> Answer {
    unimplemented!()
}

fn main() {
    let doc = Doc::new("deleteIdentity", "identities.delete", "identity", "Delete an identity");
    RouteTable::default().guarded::<DeleteIdentity, _, _>(Method::DELETE, "/admin/identities/{id}", delete, doc);
}

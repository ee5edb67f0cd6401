//! Listing was allowed, deleting is done.

use palisade_authz::{
    Authorized,
    action::{DeleteIdentity, ListIdentities},
};

fn delete(_: Authorized<DeleteIdentity>) {}

fn around(grant: Authorized<ListIdentities>) {
    delete(grant);
}

fn main() {
    let _ = around;
}

//! One decision, two writes.

use palisade_authz::{Authorized, action::DeleteIdentity};

fn delete(_: Authorized<DeleteIdentity>) {}

fn around(grant: Authorized<DeleteIdentity>) {
    delete(grant);
    delete(grant);
}

fn main() {
    let _ = around;
}

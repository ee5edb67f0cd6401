//! A grant from the gate's own constructor.

use std::sync::Arc;

use palisade_authz::{Authorized, Own, RequestContext, action::ListIdentities};
use palisade_tenancy::Caller;

fn forge(caller: Arc<Caller>) -> Authorized<ListIdentities> {
    Authorized::new(caller, Own, Default::default(), RequestContext::default())
}

fn main() {
    let _ = forge;
}

//! A grant without a decision.

use std::{marker::PhantomData, sync::Arc};

use palisade_authz::{Authorized, Own, RequestContext, action::ListIdentities};
use palisade_tenancy::Caller;

fn forge(caller: Arc<Caller>) -> Authorized<ListIdentities> {
    Authorized {
        caller,
        target: Own,
        determining: Default::default(),
        context: RequestContext::default(),
        action: PhantomData,
    }
}

fn main() {
    let _ = forge;
}

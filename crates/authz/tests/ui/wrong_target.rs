//! A decision about a policy where one about an identity is due.

use std::sync::Arc;

use palisade_authz::{Gate, NamedTarget, PolicySource, RequestContext, action::DeleteIdentity};
use palisade_tenancy::Caller;

async fn around<P: PolicySource>(gate: &Gate<P>, caller: &Arc<Caller>) {
    let target = NamedTarget::policy("mine");
    let _ = gate.decide::<DeleteIdentity>(caller, target, RequestContext::default()).await;
}

fn main() {}

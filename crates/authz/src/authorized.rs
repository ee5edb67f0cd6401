//! Proof of a decision, and what is left of one that went the other way.

use std::{marker::PhantomData, net::IpAddr, sync::Arc};

use palisade_envelope::{Code, Error, Notice};
use palisade_tenancy::{Caller, Principal, TenantId, TenantScope};

use crate::Action;

/// What a decision and its audit row need to know of the request besides caller and target.
#[derive(Clone, Debug, Default)]
pub struct RequestContext {
    /// `X-Request-ID`, or the one made for the request.
    pub request_id: Arc<str>,
    /// The peer's address, where it is known.
    pub ip: Option<IpAddr>,
}

/// The policies that determined a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Determining {
    /// Their ids (`platform/<name>`, `tenant/<name>`), sorted. Empty: nothing permitted (implicit deny).
    pub policies: Vec<Arc<str>>,
    /// The version of the tenant's policies that was asked.
    pub version: i64,
    /// What they say to the caller, sorted by policy id, each text once.
    pub notices: Vec<Notice>,
}

/// Proof that policy allowed the caller action `A` on this target. Made by [`crate::Gate::decide`] only; not
/// `Clone`, so that a write takes it by value and can't be done twice on one decision.
#[derive(Debug)]
pub struct Authorized<A: Action> {
    caller: Arc<Caller>,
    target: A::Target,
    determining: Determining,
    context: RequestContext,
    action: PhantomData<fn() -> A>,
}

impl<A: Action> Authorized<A> {
    pub(crate) const fn new(
        caller: Arc<Caller>,
        target: A::Target,
        determining: Determining,
        context: RequestContext,
    ) -> Self {
        Self {
            caller,
            target,
            determining,
            context,
            action: PhantomData,
        }
    }

    /// The scope to act in.
    pub fn scope(&self) -> &TenantScope {
        self.caller.scope()
    }

    /// The tenant to act in.
    pub fn tenant(&self) -> TenantId {
        self.caller.tenant()
    }

    /// What was decided on.
    pub const fn target(&self) -> &A::Target {
        &self.target
    }

    /// Who was allowed.
    pub fn principal(&self) -> &Principal {
        self.caller.principal()
    }

    /// The policies that allowed it.
    pub const fn determining(&self) -> &Determining {
        &self.determining
    }

    /// The request that it was decided for.
    pub const fn context(&self) -> &RequestContext {
        &self.context
    }
}

/// A refusal: everything that its audit row needs, and the error for the caller.
#[derive(Clone, Debug)]
pub struct Denied {
    /// Who was refused.
    pub caller: Arc<Caller>,
    /// The Cedar action id.
    pub action: &'static str,
    /// Type and id of the target.
    pub resource: (String, String),
    /// The policies that forbade it, or none.
    pub determining: Determining,
    /// Whether a policy's evaluation failed, which denies whatever the others say.
    pub evaluation_error: bool,
    /// The request.
    pub context: RequestContext,
}

impl Denied {
    /// The notice where no policy permits and none forbids.
    pub const NOTHING_PERMITS: &'static str = "no policy permits this action; ask an owner of the tenant for a role or a policy that does";
    /// The notice where a policy could not be evaluated.
    pub const EVALUATION_FAILED: &'static str = "a policy could not be evaluated, and so the action is refused; ask an owner of the tenant to check the policies";

    /// 403 `forbidden` with the notices.
    pub fn error(&self) -> Error {
        Error::new(Code::Forbidden).notices(self.determining.notices.clone())
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        denied.error()
    }
}

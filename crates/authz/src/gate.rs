//! The gate: asks Cedar, and turns a permit into a grant.

use std::sync::Arc;

use palisade_envelope::{Error, Result};
use palisade_tenancy::{Caller, Invalidation, TenantId};
use tracing::{Instrument as _, field::Empty};

use crate::{
    Action, Authorized, Denied, PolicySource, RequestContext, StoredPolicy, Target as _,
    ValidPolicy, action,
    cache::PolicyCache,
    engine::{Engine, Question, Verdict},
    lockout, validate,
};

/// Counted once for each decision that an evaluation error made a refusal.
const EVALUATION_ERRORS: &str = "palisade_policy_evaluation_errors_total";

/// Decides. One for the whole program.
pub struct Gate<P> {
    engine: Arc<Engine>,
    policies: PolicyCache<P>,
}

/// Why there is no grant: policy refused, or the policies could not be had.
#[derive(Debug)]
pub enum Refusal {
    /// Policy refused.
    Denied(Box<Denied>),
    /// The policies could not be loaded.
    Failed(Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(denied) => denied.error(),
            Refusal::Failed(error) => error,
        }
    }
}

impl<P: PolicySource> Gate<P> {
    /// A gate that takes the tenants' policies from `source`.
    ///
    /// # Errors
    /// `internal` when the platform's own policies do not validate: a fault of the build.
    pub fn new(source: P) -> Result<Self> {
        Ok(Self {
            engine: Arc::new(Engine::new()?),
            policies: PolicyCache::new(source),
        })
    }

    /// Asks whether the caller may do `A` to the target.
    ///
    /// # Errors
    /// [`Refusal::Denied`] when policy refuses, [`Refusal::Failed`] when the policies can't be had.
    pub async fn decide<A: Action>(
        &self,
        caller: &Arc<Caller>,
        target: A::Target,
        context: RequestContext,
    ) -> Result<Authorized<A>, Refusal> {
        let span = tracing::info_span!(
            "authz.decide",
            tenant.id = %caller.tenant(),
            action = A::NAME,
            decision = Empty,
            policies = Empty,
        );
        self.decide_in::<A>(caller, target, context, &span)
            .instrument(span.clone())
            .await
    }

    async fn decide_in<A: Action>(
        &self,
        caller: &Arc<Caller>,
        target: A::Target,
        context: RequestContext,
        span: &tracing::Span,
    ) -> Result<Authorized<A>, Refusal> {
        let compiled = self
            .policies
            .get(&self.engine, caller.tenant())
            .await
            .map_err(Refusal::Failed)?;
        let resource = target.resource(&caller.tenant().to_string());
        let question = Question {
            principal: caller.principal(),
            tenant_state: caller.tenant_state(),
            action: A::POSITION,
            resource: &resource,
            foreign: None,
            ip: context.ip,
        };
        let verdict = self
            .engine
            .ask(&compiled, question)
            .map_err(Refusal::Failed)?;
        record(span, &verdict);
        if verdict.evaluation_error {
            metrics::counter!(EVALUATION_ERRORS).increment(1);
            tracing::warn!(policies = ?verdict.determining.policies, "a policy could not be evaluated; refused");
        }
        if verdict.allowed {
            return Ok(Authorized::new(
                Arc::clone(caller),
                target,
                verdict.determining,
                context,
            ));
        }
        Err(Refusal::Denied(Box::new(Denied {
            caller: Arc::clone(caller),
            action: A::NAME,
            resource: (resource.kind.to_owned(), resource.id.into_owned()),
            determining: verdict.determining,
            evaluation_error: verdict.evaluation_error,
            context,
        })))
    }

    /// The actions that the caller may do in its tenant, asked about a resource that nothing is special of: an
    /// active identity of the default schema, a link made by hand. In the order of the catalogue.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the policies can't be had.
    pub async fn allowed_actions(
        &self,
        caller: &Arc<Caller>,
        context: &RequestContext,
    ) -> Result<Vec<&'static str>> {
        let compiled = self.policies.get(&self.engine, caller.tenant()).await?;
        let mut allowed = Vec::new();
        for (position, (name, _)) in action::ALL.iter().enumerate() {
            let resource = self.engine.ordinary_resource(position, caller.tenant())?;
            let question = Question {
                principal: caller.principal(),
                tenant_state: caller.tenant_state(),
                action: position,
                resource: &resource,
                foreign: None,
                ip: context.ip,
            };
            if self.engine.ask(&compiled, question)?.allowed {
                allowed.push(*name);
            }
        }
        Ok(allowed)
    }

    /// Checks a document that `tenant` wants to store under `name`.
    ///
    /// # Errors
    /// `invalid_request` for the name; `invalid_policy` with `details.errors: [{policy?, line, column, message,
    /// hint?}]`.
    pub fn validate(&self, tenant: TenantId, name: &str, text: &str) -> Result<ValidPolicy> {
        validate::document(&self.engine.platform, tenant, name, text)
    }

    /// Checks that an owner's key could still manage policies if these were all of the tenant's.
    ///
    /// # Errors
    /// `policy_lockout` with the ids of the policies that are in the way; `limit_reached` above
    /// [`ValidPolicy::MAX_POLICIES`]; `invalid_policy` where one can't be read.
    pub fn check_lockout(&self, tenant: TenantId, policies: &[StoredPolicy]) -> Result<()> {
        lockout::check(&self.engine, tenant, policies)
    }

    /// Tells whether changes are heard of at the moment. While they are, policies are taken from the cache for
    /// up to a minute; while they are not (the state at start), for half a second.
    pub fn set_live(&self, live: bool) {
        self.policies.set_live(live);
    }

    /// Forgets what is cached of what was changed, loads in progress included.
    pub fn invalidate(&self, what: Invalidation) {
        self.policies.invalidate(what);
    }
}

fn record(span: &tracing::Span, verdict: &Verdict) {
    if span.is_disabled() {
        return;
    }
    span.record("decision", if verdict.allowed { "allow" } else { "deny" });
    span.record("policies", verdict.determining.policies.join(" "));
}

//! Asks Cedar. Knows neither where policies come from nor what becomes of the answer.

use std::{net::IpAddr, sync::Arc};

use cedar_policy::{Authorizer, Context, Decision, EntityUid, Request, RestrictedExpression};
use moka::{policy::EvictionPolicy, sync::Cache};
use palisade_envelope::{Error, Notice, Result};
use palisade_identity::{IdentityId, ids::Uuid};
use palisade_tenancy::{Principal, PrincipalId, TenantId, TenantState};

use crate::{
    Attribute, Denied, Determining, Resource,
    compiled::Compiled,
    entities::Subject,
    member::{Member, Pick},
    platform::Platform,
    slice::{Slice, SliceKey},
};

/// One question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) tenant_state: TenantState,
    /// Place in the catalogue.
    pub(crate) action: usize,
    pub(crate) resource: &'a Resource,
    /// The tenant that the resource belongs to where it is not the caller's. Nothing outside of tests and the
    /// matrix sets it: targets can't name another tenant.
    pub(crate) foreign: Option<TenantId>,
    pub(crate) ip: Option<IpAddr>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) determining: Determining,
    pub(crate) evaluation_error: bool,
}

/// Cedar with the platform's policies, and what is worth keeping from one question to the next.
pub(crate) struct Engine {
    pub(crate) platform: Platform,
    authorizer: Authorizer,
    slices: Cache<SliceKey, Arc<Slice>>,
    subjects: Cache<(TenantId, &'static str, PrincipalId, usize), Arc<Subject>>,
}

impl Engine {
    /// Bytes of slices to keep.
    const SLICES: u64 = 64 * 1024 * 1024;
    /// Subjects to keep, of about 2 KiB each.
    const SUBJECTS: u64 = 20_000;

    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            platform: Platform::load()?,
            authorizer: Authorizer::new(),
            slices: Cache::builder()
                .max_capacity(Self::SLICES)
                .weigher(|_, slice: &Arc<Slice>| slice.size)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            subjects: Cache::builder()
                .max_capacity(Self::SUBJECTS)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
        })
    }

    /// Answers from the caches where they can.
    ///
    /// # Errors
    /// `internal` for what the types rule out, such as a resource that the schema does not know.
    pub(crate) fn ask(&self, compiled: &Compiled, question: Question<'_>) -> Result<Verdict> {
        if !compiled.broken.is_empty() {
            return Ok(failed(compiled, compiled.broken.iter().cloned()));
        }
        let subject = self.subject(compiled, &question)?;
        let (key, slice) = self.slice(compiled, &question, &subject)?;
        let one_of_many = slice.classes_resources
            && !slice.reads_context
            && question.foreign.is_none()
            // Its id tells a tenant of one's own from another's, and a caller from what it acts on.
            && question.resource.kind != "Tenant"
            && question.resource.kind != question.principal.kind();
        if !one_of_many {
            return self.evaluate(compiled, &question, &subject, &slice);
        }
        if let Some(verdict) = subject.verdicts.get(&key, question.resource) {
            return Ok(verdict);
        }
        let verdict = self.evaluate(compiled, &question, &subject, &slice)?;
        subject.verdicts.keep(key, question.resource, &verdict);
        Ok(verdict)
    }

    fn evaluate(
        &self,
        compiled: &Compiled,
        question: &Question<'_>,
        subject: &Subject,
        slice: &Slice,
    ) -> Result<Verdict> {
        let (resource, entities) =
            subject.with_resource(&self.platform, question.resource, question.foreign)?;
        let request = self.request(subject, question, resource, slice.reads_context)?;
        let response = self
            .authorizer
            .is_authorized(&request, &slice.set, &entities);

        let known = |id| slice.members.get(id);
        let errors: Vec<Arc<str>> = response
            .diagnostics()
            .errors()
            .filter_map(|error| match error {
                cedar_policy::AuthorizationError::PolicyEvaluationError(error) => {
                    known(error.policy_id())
                }
            })
            .map(|member| Arc::clone(&member.id))
            .collect();
        if response.diagnostics().errors().next().is_some() {
            return Ok(failed(compiled, errors));
        }
        let mut determining: Vec<&Arc<Member>> =
            response.diagnostics().reason().filter_map(known).collect();
        determining.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        let allowed = response.decision() == Decision::Allow;
        let mut notices: Vec<Notice> = Vec::new();
        for notice in determining
            .iter()
            .filter_map(|member| member.notice.as_ref())
        {
            if !notices.contains(notice) {
                notices.push(notice.clone());
            }
        }
        if !allowed && determining.is_empty() {
            notices.push(Notice::new(Denied::NOTHING_PERMITS));
        }
        let policies = determining
            .into_iter()
            .map(|member| Arc::clone(&member.id))
            .collect();
        let determining = Determining {
            policies,
            version: compiled.version,
            notices,
        };
        Ok(Verdict {
            allowed,
            determining,
            evaluation_error: false,
        })
    }

    /// A resource that this action is done to and that nothing is special of.
    pub(crate) fn ordinary_resource(&self, action: usize, tenant: TenantId) -> Result<Resource> {
        let kind = self.action(action)?.resource_kind;
        let text = |text: &'static str| Attribute::String(text.into());
        let attributes = match kind {
            "Identity" => vec![("schema_id", text("default")), ("state", text("active"))],
            "ExternalIdentity" => vec![("linked_by", text("manual"))],
            "Session" => vec![
                (
                    "identity",
                    Attribute::Identity(IdentityId::from_uuid(Uuid::max())),
                ),
                ("aal", text("aal1")),
            ],
            _ => Vec::new(),
        };
        let id = if kind == "Tenant" {
            tenant.to_string()
        } else {
            Uuid::max().to_string()
        };
        Ok(Resource {
            kind,
            id: id.into(),
            attributes,
        })
    }

    /// The policies that can have a say.
    pub(crate) fn slice(
        &self,
        compiled: &Compiled,
        question: &Question<'_>,
        subject: &Subject,
    ) -> Result<(SliceKey, Arc<Slice>)> {
        let key = SliceKey::new(
            compiled,
            question.action,
            question.resource.kind,
            question.principal,
            compiled.names(&subject.uid),
        );
        if let Some(slice) = self.slices.get(&key) {
            return Ok((key, slice));
        }
        let pick = Pick {
            action: question.action,
            principal: &subject.uid,
            ancestors: &subject.ancestors,
            resource_type: self.platform.kind(question.resource.kind)?,
        };
        let slice = Arc::new(Slice::of(compiled, &pick)?);
        self.slices.insert(key.clone(), Arc::clone(&slice));
        Ok((key, slice))
    }

    pub(crate) fn subject(
        &self,
        compiled: &Compiled,
        question: &Question<'_>,
    ) -> Result<Arc<Subject>> {
        let (principal, state) = (question.principal, question.tenant_state);
        let key = (
            compiled.tenant,
            principal.kind(),
            principal.id(),
            question.action,
        );
        if let Some(subject) = self.subjects.get(&key)
            && subject.is_of(principal, state)
        {
            return Ok(subject);
        }
        let action = self.action(question.action)?;
        let subject = Arc::new(Subject::new(
            &self.platform,
            compiled,
            principal,
            state,
            &action.entity,
        )?);
        // There are few keys, which call all the time, and many identities, which would push them out.
        if !matches!(principal, Principal::Identity { .. }) {
            self.subjects.insert(key, Arc::clone(&subject));
        }
        Ok(subject)
    }

    pub(crate) fn request(
        &self,
        subject: &Subject,
        question: &Question<'_>,
        resource: EntityUid,
        reads_context: bool,
    ) -> Result<Request> {
        let context = match question.ip {
            // An address costs more than the rest of the request: not for policies that don't ask.
            Some(ip) if reads_context => {
                let ip = RestrictedExpression::new_ip(ip.to_canonical().to_string());
                Context::from_pairs([("ip".to_owned(), ip)]).map_err(Error::internal)?
            }
            _ => Context::empty(),
        };
        let action = self.action(question.action)?.entity.uid();
        Request::new(subject.uid.clone(), action, resource, context, None).map_err(Error::internal)
    }

    fn action(&self, position: usize) -> Result<&crate::platform::CedarAction> {
        self.platform.actions.get(position).ok_or_else(|| {
            Error::internal(format!("no action at place {position} of the catalogue"))
        })
    }
}

/// The answer where a policy could not be evaluated: what it would have forbidden is unknown, so it is a no.
fn failed(compiled: &Compiled, policies: impl IntoIterator<Item = Arc<str>>) -> Verdict {
    let mut policies: Vec<Arc<str>> = policies.into_iter().collect();
    policies.sort_unstable();
    policies.dedup();
    let notices = vec![Notice::new(Denied::EVALUATION_FAILED)];
    Verdict {
        allowed: false,
        determining: Determining {
            policies,
            version: compiled.version,
            notices,
        },
        evaluation_error: true,
    }
}

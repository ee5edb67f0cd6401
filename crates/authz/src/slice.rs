//! The policies of a set that can have a say in one kind of question.
//!
//! Cedar looks at every policy of a set, also where the scope can't match. A slice holds those only whose scope
//! may match one action, one type of resource and one set of the principal's ancestors. What is left out would
//! neither determine the decision nor err (`tests/slicing.rs` beside this file holds the two against each other).

use std::{collections::HashMap, sync::Arc};

use cedar_policy::{PolicyId, PolicySet};
use palisade_envelope::{Error, Result};
use palisade_identity::GroupId;
use palisade_tenancy::{Principal, PrincipalId, Role, TenantId};

use crate::{
    compiled::Compiled,
    member::{Member, Pick},
};

/// What a slice is cached by. Roles and groups are a principal's only ancestors.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SliceKey {
    pub(crate) tenant: TenantId,
    pub(crate) serial: u64,
    pub(crate) action: usize,
    pub(crate) resource_kind: &'static str,
    pub(crate) principal_kind: &'static str,
    /// Bit `n`: the role of discriminant `n`.
    pub(crate) roles: u16,
    /// Those that policies name.
    pub(crate) groups: Arc<[GroupId]>,
    /// Where a policy's scope names this very principal.
    pub(crate) named: Option<PrincipalId>,
}

impl SliceKey {
    pub(crate) fn new(
        compiled: &Compiled,
        action: usize,
        resource_kind: &'static str,
        principal: &Principal,
        named: bool,
    ) -> Self {
        Self {
            tenant: compiled.tenant,
            serial: compiled.serial,
            action,
            resource_kind,
            principal_kind: principal.kind(),
            roles: principal
                .roles()
                .iter()
                .fold(0, |bits, role: &Role| bits | 1 << (*role as u16)),
            groups: compiled.groups_of(principal),
            named: named.then(|| principal.id()),
        }
    }
}

/// The policies to ask.
pub(crate) struct Slice {
    pub(crate) set: PolicySet,
    pub(crate) members: HashMap<PolicyId, Arc<Member>>,
    /// Whether one of them may look at the context.
    pub(crate) reads_context: bool,
    /// Whether to all of them two resources of one type and with the same attributes are the same.
    pub(crate) classes_resources: bool,
    /// About what it takes of memory, in bytes.
    pub(crate) size: u32,
}

impl Slice {
    /// What an entry costs beside the text of its policies.
    const OVERHEAD: usize = 1024;

    /// The policies of `compiled` that may apply.
    ///
    /// # Errors
    /// `internal` when two policies have one id, which compiling rules out.
    pub(crate) fn of(compiled: &Compiled, pick: &Pick<'_>) -> Result<Self> {
        let members: Vec<&Arc<Member>> = compiled
            .members
            .iter()
            .filter(|member| member.may_apply(pick))
            .collect();
        let size: usize = members
            .iter()
            .map(|member| member.size + Self::OVERHEAD)
            .sum();
        Ok(Self {
            set: PolicySet::from_policies(members.iter().map(|member| member.policy.clone()))
                .map_err(Error::internal)?,
            reads_context: members.iter().any(|member| member.reads_context),
            classes_resources: !members.iter().any(|member| member.tells_resources_apart),
            size: u32::try_from(size + Self::OVERHEAD).unwrap_or(u32::MAX),
            members: members
                .into_iter()
                .map(|member| (member.policy.id().clone(), Arc::clone(member)))
                .collect(),
        })
    }
}

//! A tenant's policies together with the platform's, compiled.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cedar_policy::EntityUid;
use palisade_envelope::Result;
use palisade_identity::GroupId;
use palisade_tenancy::{Principal, TenantId};

use crate::{
    StoredPolicies,
    complexity::with_room,
    document::{self, Namespace, Parsed},
    member::Member,
    platform::Platform,
};

/// All that is asked for callers of one tenant, at one version.
pub(crate) struct Compiled {
    pub(crate) tenant: TenantId,
    /// The version of the tenant's own policies.
    pub(crate) version: i64,
    /// Different for each compilation in the process, so that slices of an earlier one are never taken for its.
    pub(crate) serial: u64,
    /// The platform's policies and then the tenant's.
    pub(crate) members: Vec<Arc<Member>>,
    /// Ids of stored documents that don't parse. Where there is one, everything is refused: what it forbade is
    /// unknown.
    pub(crate) broken: Vec<Arc<str>>,
    named: HashSet<EntityUid>,
    /// The groups that policies name.
    groups: HashSet<GroupId>,
    fingerprint: u64,
}

static SERIAL: AtomicU64 = AtomicU64::new(0);

impl Compiled {
    /// Compiles. Takes about 30 us a policy: never on the path of a request.
    ///
    /// # Errors
    /// `internal` when the machine has no thread to give. A document that can't be read is no error here, but
    /// named in `broken`.
    pub(crate) fn new(
        platform: &Platform,
        tenant: TenantId,
        stored: &StoredPolicies,
    ) -> Result<Self> {
        let mut members = platform.members.clone();
        let mut broken = Vec::new();
        if !stored.policies.is_empty() {
            for (name, parsed) in with_room(|| read(platform, stored))? {
                match parsed {
                    Some(parsed) => members.extend(parsed),
                    None => broken.push(format!("tenant/{name}").into()),
                }
            }
        }
        Ok(Self {
            tenant,
            version: stored.version,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            named: members
                .iter()
                .filter_map(|member| member.named_principal().cloned())
                .collect(),
            groups: members
                .iter()
                .flat_map(|member| member.groups.iter().copied())
                .collect(),
            members,
            broken,
            fingerprint: fingerprint(stored),
        })
    }

    /// Whether it was compiled from exactly this.
    pub(crate) fn is_of(&self, stored: &StoredPolicies) -> bool {
        self.version == stored.version && self.fingerprint == fingerprint(stored)
    }

    /// Whether a policy's scope names this very principal, so that it needs slices of its own.
    pub(crate) fn names(&self, principal: &EntityUid) -> bool {
        self.named.contains(principal)
    }

    /// Those of the principal's groups that policies name: of the others none can tell whether it is in them.
    pub(crate) fn groups_of(&self, principal: &Principal) -> Arc<[GroupId]> {
        let groups = principal.groups().iter().copied();
        groups.filter(|group| self.groups.contains(group)).collect()
    }

    /// About what it takes of memory, in bytes: Cedar's share, and twice the text.
    pub(crate) fn size(&self) -> u32 {
        let size: usize = self
            .members
            .iter()
            .map(|member| 3 * 1024 + 2 * member.size)
            .sum();
        u32::try_from(size).unwrap_or(u32::MAX)
    }
}

/// Each document's name and policies; `None` where it can't be read.
fn read<'a>(
    platform: &Platform,
    stored: &'a StoredPolicies,
) -> Vec<(&'a str, Option<Vec<Arc<Member>>>)> {
    let member = |parsed: Parsed| {
        Arc::new(Member::new(
            parsed.policy,
            &parsed.text,
            &platform.action_sets,
        ))
    };
    let documents = stored.policies.iter();
    documents
        .map(|stored| {
            let parsed = document::parse(Namespace::Tenant, &stored.name, &stored.text).ok();
            (
                stored.name.as_str(),
                parsed.map(|parsed| parsed.into_iter().map(member).collect()),
            )
        })
        .collect()
}

fn fingerprint(stored: &StoredPolicies) -> u64 {
    let mut hasher = DefaultHasher::new();
    for policy in &stored.policies {
        (policy.name.as_str(), &*policy.text).hash(&mut hasher);
    }
    hasher.finish()
}

//! What the program brings along: the Cedar schema, the guardrails and the role presets, embedded.

use std::collections::HashMap;

use cedar_policy::{
    Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Schema, ValidationMode,
    Validator,
};
use palisade_envelope::{Error, Result};

use crate::{
    Access, action,
    document::{self, Namespace},
    member::Member,
};

/// Text of `policies/palisade.cedarschema`.
pub(crate) const SCHEMA: &str = include_str!("../../../policies/palisade.cedarschema");

/// Text of the platform's policies by path under `policies/`. A test compares it with the directory.
pub(crate) const POLICIES: &[(&str, &str)] = &[
    (
        "guardrails/connections-provision.cedar",
        include_str!("../../../policies/guardrails/connections-provision.cedar"),
    ),
    (
        "guardrails/cross-tenant.cedar",
        include_str!("../../../policies/guardrails/cross-tenant.cedar"),
    ),
    (
        "guardrails/identities-personal.cedar",
        include_str!("../../../policies/guardrails/identities-personal.cedar"),
    ),
    (
        "guardrails/operator-only.cedar",
        include_str!("../../../policies/guardrails/operator-only.cedar"),
    ),
    (
        "guardrails/operators-operate.cedar",
        include_str!("../../../policies/guardrails/operators-operate.cedar"),
    ),
    (
        "guardrails/personal-own.cedar",
        include_str!("../../../policies/guardrails/personal-own.cedar"),
    ),
    (
        "guardrails/provision-by-connection.cedar",
        include_str!("../../../policies/guardrails/provision-by-connection.cedar"),
    ),
    (
        "guardrails/reveal-owner-only.cedar",
        include_str!("../../../policies/guardrails/reveal-owner-only.cedar"),
    ),
    (
        "guardrails/sign-in-by-providers.cedar",
        include_str!("../../../policies/guardrails/sign-in-by-providers.cedar"),
    ),
    (
        "guardrails/suspended-tenant.cedar",
        include_str!("../../../policies/guardrails/suspended-tenant.cedar"),
    ),
    (
        "roles/admin.cedar",
        include_str!("../../../policies/roles/admin.cedar"),
    ),
    (
        "roles/auditor.cedar",
        include_str!("../../../policies/roles/auditor.cedar"),
    ),
    (
        "roles/editor.cedar",
        include_str!("../../../policies/roles/editor.cedar"),
    ),
    (
        "roles/everyone.cedar",
        include_str!("../../../policies/roles/everyone.cedar"),
    ),
    (
        "roles/identity-provider.cedar",
        include_str!("../../../policies/roles/identity-provider.cedar"),
    ),
    (
        "roles/identity.cedar",
        include_str!("../../../policies/roles/identity.cedar"),
    ),
    (
        "roles/operator.cedar",
        include_str!("../../../policies/roles/operator.cedar"),
    ),
    (
        "roles/owner.cedar",
        include_str!("../../../policies/roles/owner.cedar"),
    ),
    (
        "roles/scim.cedar",
        include_str!("../../../policies/roles/scim.cedar"),
    ),
    (
        "roles/viewer.cedar",
        include_str!("../../../policies/roles/viewer.cedar"),
    ),
];

/// How far from `principal` and `resource` a policy may look: their own attributes and ancestors. The entities
/// further away are not loaded for a decision.
pub(crate) const MAX_DEREFERENCE: u32 = 1;

/// The Cedar namespace.
const NAMESPACE: &str = "Palisade";

/// A set of actions: bit `n` is the action at place `n` of [`action::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Actions(u128);

const _: () = assert!(action::ALL.len() <= 128, "`Actions` has a bit an action");

impl Actions {
    pub(crate) const ALL: Self = Self(u128::MAX);

    pub(crate) const fn one(position: usize) -> Self {
        Self(1 << position)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn has(self, position: usize) -> bool {
        self.0 >> position & 1 == 1
    }
}

/// An action as Cedar needs it.
pub(crate) struct CedarAction {
    /// Its entity, with the groups it is in.
    pub(crate) entity: Entity,
    /// The type of what it is done to, without namespace.
    pub(crate) resource_kind: &'static str,
}

/// The schema and the platform's policies, compiled.
pub(crate) struct Platform {
    pub(crate) validator: Validator,
    /// In the order of [`action::ALL`].
    pub(crate) actions: Vec<CedarAction>,
    /// What each action and each group of actions stands for.
    pub(crate) action_sets: HashMap<EntityUid, Actions>,
    /// Guardrails and role presets.
    pub(crate) members: Vec<std::sync::Arc<Member>>,
    types: HashMap<&'static str, EntityTypeName>,
}

/// The entity types that Rust code makes entities of.
const KINDS: [&str; 14] = [
    "Role",
    "Tenant",
    "ApiKey",
    "Operator",
    "ScimClient",
    "Identity",
    "ExternalIdentity",
    "IdentityProvider",
    "IdentitySchema",
    "Policy",
    "Session",
    "SessionTokenTemplate",
    "Group",
    "Action",
];

impl Platform {
    /// Parses and strictly validates what is embedded.
    ///
    /// # Errors
    /// `internal` when something of it is not valid: a fault of the build.
    pub(crate) fn load() -> Result<Self> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(Error::internal)?;
        let mut types = HashMap::new();
        for kind in KINDS {
            let name = format!("{NAMESPACE}::{kind}")
                .parse()
                .map_err(Error::internal)?;
            types.insert(kind, name);
        }
        let entities = schema.action_entities().map_err(Error::internal)?;
        let mut platform = Self {
            actions: Vec::with_capacity(action::ALL.len()),
            action_sets: HashMap::new(),
            members: Vec::new(),
            types,
            validator: Validator::new(schema),
        };
        for (position, (name, _)) in action::ALL.iter().enumerate() {
            platform.add_action(position, name, &entities)?;
        }
        let mut set = PolicySet::new();
        for (path, text) in POLICIES {
            let parsed = document::parse(Namespace::Platform, path, text)
                .map_err(|findings| Error::internal(format!("{path}: {findings:?}")))?;
            for policy in parsed {
                set.add(policy.policy.clone()).map_err(Error::internal)?;
                platform
                    .members
                    .push(Member::new(policy.policy, &policy.text, &platform.action_sets).into());
            }
        }
        let result =
            platform
                .validator
                .validate_with_level(&set, ValidationMode::Strict, MAX_DEREFERENCE);
        if !result.validation_passed() {
            return Err(Error::internal(result.to_string()));
        }
        Ok(platform)
    }

    fn add_action(&mut self, position: usize, name: &str, entities: &Entities) -> Result<()> {
        let missing = || Error::internal(format!("the Cedar schema lacks the action `{name}`"));
        let uid = self.uid("Action", name)?;
        let entity = entities.get(&uid).ok_or_else(missing)?.clone();
        let one = Actions::one(position);
        for group in entities
            .ancestors(&uid)
            .ok_or_else(missing)?
            .cloned()
            .chain([uid.clone()])
        {
            let set = self.action_sets.entry(group).or_default();
            *set = set.or(one);
        }
        let kind = self
            .validator
            .schema()
            .resources_for_action(&uid)
            .and_then(|mut kinds| kinds.next())
            .and_then(|kind| KINDS.iter().find(|known| **known == kind.basename()))
            .ok_or_else(missing)?;
        self.actions.push(CedarAction {
            entity,
            resource_kind: kind,
        });
        Ok(())
    }

    /// Whether this action, or group of actions, is the operator's.
    pub(crate) fn is_operators(&self, action: &EntityUid) -> bool {
        let operate = self.uid("Action", Access::Operate.group()).ok();
        let of = |uid: &EntityUid| self.action_sets.get(uid).copied().unwrap_or_default();
        operate.is_some_and(|operate| of(action).overlaps(of(&operate)))
    }

    /// The entity of this type (without namespace) and id.
    ///
    /// # Errors
    /// `internal` for a type that the schema does not have.
    pub(crate) fn uid(&self, kind: &str, id: &str) -> Result<EntityUid> {
        Ok(EntityUid::from_type_name_and_id(
            self.kind(kind)?.clone(),
            EntityId::new(id),
        ))
    }

    /// The entity type of this name.
    pub(crate) fn kind(&self, name: &str) -> Result<&EntityTypeName> {
        self.types.get(name).ok_or_else(|| {
            Error::internal(format!("the Cedar schema lacks the entity type `{name}`"))
        })
    }
}

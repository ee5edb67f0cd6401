//! One policy of a set, with what is needed to tell without Cedar that its scope can't match.

use std::{collections::HashMap, sync::Arc};

use cedar_policy::{
    ActionConstraint, EntityTypeName, EntityUid, Policy, PrincipalConstraint, ResourceConstraint,
};
use palisade_envelope::Notice;
use palisade_identity::GroupId;
use serde_json::{Value, json};

use crate::{document::shared_id, platform::Actions};

/// A compiled policy.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) policy: Policy,
    pub(crate) id: Arc<str>,
    pub(crate) notice: Option<Notice>,
    /// Whether its evaluation may look at the context. True without need costs time, false would be wrong: a
    /// policy that reads the context has the word in its text.
    pub(crate) reads_context: bool,
    /// Whether its evaluation may depend on which resource it is, beyond the resource's type and attributes.
    pub(crate) tells_resources_apart: bool,
    /// The groups that it names, in its scope or its conditions.
    pub(crate) groups: Vec<GroupId>,
    /// Bytes of its text.
    pub(crate) size: usize,
    actions: Actions,
    principal: PrincipalConstraint,
    resource_type: Option<EntityTypeName>,
}

/// Who and what a slice is for.
pub(crate) struct Pick<'a> {
    /// Place in the catalogue.
    pub(crate) action: usize,
    /// The principal.
    pub(crate) principal: &'a EntityUid,
    /// All that the principal is `in`, itself aside.
    pub(crate) ancestors: &'a [EntityUid],
    /// The type of the resource.
    pub(crate) resource_type: &'a EntityTypeName,
}

impl Member {
    pub(crate) fn new(
        policy: Policy,
        text: &str,
        action_sets: &HashMap<EntityUid, Actions>,
    ) -> Self {
        let set_of = |uid: &EntityUid| action_sets.get(uid).copied().unwrap_or_default();
        let actions = match policy.action_constraint() {
            ActionConstraint::Any => Actions::ALL,
            // `==` with a group matches the group itself only, which nobody asks for: too wide is fine.
            ActionConstraint::Eq(uid) => set_of(&uid),
            ActionConstraint::In(uids) => uids
                .iter()
                .fold(Actions::default(), |all, uid| all.or(set_of(uid))),
        };
        let resource_type = match policy.resource_constraint() {
            // `in` depends on the resource's ancestors: every slice has it.
            ResourceConstraint::Any | ResourceConstraint::In(_) => None,
            ResourceConstraint::Eq(uid) => Some(uid.type_name().clone()),
            ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => Some(kind),
        };
        Self {
            id: shared_id(&policy),
            notice: policy
                .annotation("notice")
                .map(Notice::new)
                .filter(|notice| !notice.as_str().is_empty()),
            reads_context: text.contains("context"),
            tells_resources_apart: tells_resources_apart(&policy),
            groups: groups(&policy),
            size: text.len(),
            actions,
            principal: policy.principal_constraint(),
            resource_type,
            policy,
        }
    }

    /// The one principal that its scope names, where it is not a role or group.
    pub(crate) const fn named_principal(&self) -> Option<&EntityUid> {
        match &self.principal {
            PrincipalConstraint::Eq(uid)
            | PrincipalConstraint::In(uid)
            | PrincipalConstraint::IsIn(_, uid) => Some(uid),
            PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
        }
    }

    /// Whether its scope can match. False only when it can't: then it neither determines a decision nor errs.
    pub(crate) fn may_apply(&self, pick: &Pick<'_>) -> bool {
        let within = |uid: &EntityUid| uid == pick.principal || pick.ancestors.contains(uid);
        self.actions.has(pick.action)
            && self
                .resource_type
                .as_ref()
                .is_none_or(|kind| kind == pick.resource_type)
            && match &self.principal {
                PrincipalConstraint::Any => true,
                PrincipalConstraint::Eq(uid) => uid == pick.principal,
                PrincipalConstraint::In(uid) => within(uid),
                PrincipalConstraint::Is(kind) => kind == pick.principal.type_name(),
                PrincipalConstraint::IsIn(kind, uid) => {
                    kind == pick.principal.type_name() && within(uid)
                }
            }
    }
}

/// The groups that the policy names. Whatever is no id of a group as we write them is nobody's group.
fn groups(policy: &Policy) -> Vec<GroupId> {
    let named = policy.entity_literals();
    let of_groups = named
        .iter()
        .filter(|uid| uid.type_name().to_string() == "Palisade::Group");
    of_groups
        .filter_map(|uid| {
            let id = uid.id().unescaped();
            GroupId::parse(id).filter(|group| group.to_string() == id)
        })
        .collect()
}

/// Whether more of the resource than its type and attributes may matter to the policy. True without need costs time,
/// false would be wrong: everything that is not known to look at no more counts.
fn tells_resources_apart(policy: &Policy) -> bool {
    match policy.resource_constraint() {
        ResourceConstraint::Any | ResourceConstraint::Is(_) => {}
        ResourceConstraint::Eq(_) | ResourceConstraint::In(_) | ResourceConstraint::IsIn(..) => {
            return true;
        }
    }
    let Ok(policy) = policy.to_json() else {
        return true;
    };
    policy.get("conditions").is_none_or(identifies)
}

/// Whether an expression in Cedar's JSON form uses the resource otherwise than to read an attribute of it, or names an
/// entity that a resource could be.
fn identifies(expression: &Value) -> bool {
    match expression {
        Value::Array(parts) => parts.iter().any(identifies),
        Value::Object(members) => members.iter().any(|(name, value)| match name.as_str() {
            // A record may have a member of this name: that is an expression, looked into below.
            "Var" if value.is_string() => value == "resource",
            "__entity" => !value
                .get("type")
                .is_some_and(|kind| kind == "Palisade::Action" || kind == "Palisade::Role"),
            "." | "has" => match value.get("left") {
                Some(left) if *left == json!({ "Var": "resource" }) => false,
                _ => identifies(value),
            },
            _ => identifies(value),
        }),
        _ => false,
    }
}

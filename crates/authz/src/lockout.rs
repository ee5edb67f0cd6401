//! No tenant locks itself out: whatever its policies say, a key with the role `owner` can change them back.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use palisade_envelope::{Code, Error, Result};
use palisade_identity::ids::Uuid;
use palisade_tenancy::{KeyId, Principal, Role, TenantId, TenantState};

use crate::{
    Action, NamedTarget, Own, Resource, StoredPolicies, StoredPolicy, Target as _, ValidPolicy,
    action,
    compiled::Compiled,
    engine::{Engine, Question},
};

/// Where an owner may call from: an unknown address, and one of each documentation network (RFC 5737, RFC 3849).
const ADDRESSES: [Option<IpAddr>; 5] = [
    None,
    Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
    Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1))),
    Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1))),
    Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))),
];

pub(crate) fn check(engine: &Engine, tenant: TenantId, policies: &[StoredPolicy]) -> Result<()> {
    let stored = StoredPolicies {
        version: 0,
        policies: policies.to_vec(),
    };
    let compiled = Compiled::new(&engine.platform, tenant, &stored)?;
    if let Some(broken) = compiled.broken.first() {
        return Err(Error::with_message(
            Code::InvalidPolicy,
            format!("the policy `{broken}` can't be read"),
        ));
    }
    let own = compiled.members.len() - engine.platform.members.len();
    if own > ValidPolicy::MAX_POLICIES {
        let message = format!(
            "a tenant has at most {} policies, and this would be {own}",
            ValidPolicy::MAX_POLICIES
        );
        return Err(Error::with_message(Code::LimitReached, message)
            .detail("limit", ValidPolicy::MAX_POLICIES)
            .detail("would_be", own));
    }
    let owner = Principal::ApiKey {
        // A key that no policy names: what one named key may do is no way back for the others.
        id: KeyId::from_uuid(Uuid::max()),
        name: "any owner".into(),
        roles: Arc::new([Role::Owner]),
    };
    let mut in_the_way: BTreeMap<Arc<str>, BTreeSet<&'static str>> = BTreeMap::new();
    for (position, name, resource) in questions(tenant, policies, &compiled) {
        for ip in ADDRESSES {
            let question = Question {
                principal: &owner,
                tenant_state: TenantState::Active,
                action: position,
                resource: &resource,
                foreign: None,
                ip,
            };
            let verdict = engine.ask(&compiled, question)?;
            if !verdict.allowed {
                for policy in verdict.determining.policies {
                    in_the_way.entry(policy).or_default().insert(name);
                }
            }
        }
    }
    if in_the_way.is_empty() {
        Ok(())
    } else {
        Err(refusal(&in_the_way))
    }
}

/// What an owner must be able to do. Policies can tell documents apart by naming them only, so one that no policy
/// names stands for all of those.
fn questions(
    tenant: TenantId,
    policies: &[StoredPolicy],
    compiled: &Compiled,
) -> Vec<(usize, &'static str, Resource)> {
    const FRESH: &str = "a-name-that-no-policy-has";
    fn one<A: Action>(resource: Resource) -> (usize, &'static str, Resource) {
        (A::POSITION, A::NAME, resource)
    }
    let text = tenant.to_string();
    let mut questions = vec![
        one::<action::ListPolicies>(Own.resource(&text)),
        one::<action::CreateApiKey>(Own.resource(&text)),
    ];
    let named: BTreeSet<String> = compiled
        .members
        .iter()
        .flat_map(|member| member.policy.entity_literals())
        .filter(|uid| uid.type_name().basename() == "Policy")
        .map(|uid| uid.id().unescaped().to_owned())
        .filter(|name| policies.iter().any(|policy| policy.name == *name))
        .collect();
    for name in named.iter().map(String::as_str).chain([FRESH]) {
        let resource = NamedTarget::policy(name).resource(&text);
        questions.push(one::<action::ReadPolicy>(resource.clone()));
        questions.push(one::<action::PutPolicy>(resource.clone()));
        questions.push(one::<action::DeletePolicy>(resource));
    }
    questions
}

fn refusal(in_the_way: &BTreeMap<Arc<str>, BTreeSet<&'static str>>) -> Error {
    let ids: Vec<String> = in_the_way.keys().map(|id| format!("`{id}`")).collect();
    let actions: BTreeSet<&str> = in_the_way.values().flatten().copied().collect();
    let message = format!(
        "with this change no owner could manage policies any more: {} would forbid an owner's key {}; exempt owners \
         with `unless {{ principal in Palisade::Role::\"owner\" }}`, or leave these actions out",
        ids.join(", "),
        actions
            .iter()
            .map(|action| format!("`{action}`"))
            .collect::<Vec<_>>()
            .join(", "),
    );
    let details: Vec<serde_json::Value> = in_the_way
        .iter()
        .map(|(id, actions)| serde_json::json!({ "policy": &**id, "actions": actions }))
        .collect();
    Error::with_message(Code::PolicyLockout, message).detail("policies", details)
}

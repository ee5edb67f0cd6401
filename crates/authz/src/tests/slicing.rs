//! Slicing never changes a decision, its determining policies or its errors.

use cedar_policy::{Authorizer, PolicySet, Response};
use palisade_identity::GroupId;
use palisade_tenancy::{Principal, Role, TenantState};
use proptest::prelude::*;

use super::{api_key, compiled, elsewhere, engine, home, identity, key, member, operator};
use crate::{Attribute, Resource, action, compiled::Compiled, engine::Question};

/// Entity ids that policies and questions share, so that scopes do match at times.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u8..4).prop_map(|number| key(number).to_string()),
        Just("default".to_owned())
    ]
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "Tenant",
        "Identity",
        "ExternalIdentity",
        "IdentityProvider",
        "IdentitySchema",
        "Policy",
        "SessionTokenTemplate",
        "ApiKey",
        "Session",
    ])
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![
        Role::Owner,
        Role::Admin,
        Role::Editor,
        Role::Viewer,
        Role::Auditor,
        Role::Operator,
    ])
}

fn principal_scope() -> impl Strategy<Value = String> {
    let kind = || prop::sample::select(vec!["ApiKey", "Operator", "Identity"]);
    let group = || 1_u8..4;
    prop_oneof![
        group().prop_map(|number| format!("principal in Palisade::Group::\"{}\"", key(number))),
        group().prop_map(|number| format!(
            "principal is Palisade::Identity in Palisade::Group::\"{}\"",
            key(number)
        )),
        Just("principal".to_owned()),
        (kind(), id()).prop_map(|(kind, id)| format!("principal == Palisade::{kind}::\"{id}\"")),
        (kind(), id()).prop_map(|(kind, id)| format!("principal in Palisade::{kind}::\"{id}\"")),
        role().prop_map(|role| format!("principal in Palisade::Role::\"{}\"", role.as_str())),
        kind().prop_map(|kind| format!("principal is Palisade::{kind}")),
        (kind(), role()).prop_map(|(kind, role)| format!(
            "principal is Palisade::{kind} in Palisade::Role::\"{}\"",
            role.as_str()
        )),
    ]
}

fn action_name() -> impl Strategy<Value = String> {
    let groups = ["read", "write", "manage", "operate", "personal", "no:such"];
    let names: Vec<&str> = action::ALL
        .iter()
        .map(|(name, _)| *name)
        .chain(groups)
        .chain(groups)
        .collect();
    prop::sample::select(names).prop_map(|name| format!("Palisade::Action::\"{name}\""))
}

fn action_scope() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("action".to_owned()),
        action_name().prop_map(|name| format!("action == {name}")),
        action_name().prop_map(|name| format!("action in {name}")),
        prop::collection::vec(action_name(), 1..4)
            .prop_map(|names| format!("action in [{}]", names.join(", "))),
    ]
}

fn resource_scope() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("resource".to_owned()),
        1 => (kind(), id()).prop_map(|(kind, id)| format!("resource == Palisade::{kind}::\"{id}\"")),
        1 => (kind(), id()).prop_map(|(kind, id)| format!("resource in Palisade::{kind}::\"{id}\"")),
        1 => kind().prop_map(|kind| format!("resource is Palisade::{kind}")),
        1 => (kind(), kind(), id())
            .prop_map(|(kind, of, id)| format!("resource is Palisade::{kind} in Palisade::{of}::\"{id}\"")),
    ]
}

/// Conditions: some true, some false, some that err for some or all questions.
fn condition() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "",
        "when { true }",
        "unless { true }",
        "when { resource.tenant == principal.tenant }",
        "when { resource.state == \"active\" }",
        "when { resource has linked_by && resource.linked_by == \"scim\" }",
        "when { principal.no_such_attribute == 1 }",
        "when { 9223372036854775807 + 1 == 0 }",
        "unless { resource.tenant.tenant == principal.tenant }",
        "when { context has ip && context.ip.isInRange(ip(\"10.0.0.0/8\")) }",
        "unless { context.ip.isIpv4() }",
        "when { principal in Palisade::Role::\"owner\" }",
        "when { action in Palisade::Action::\"read\" }",
        "when { principal == resource }",
        "when { resource has identity && resource.identity == principal }",
        "when { resource in principal.tenant }",
        "unless { [resource].contains(principal) }",
        "when { resource == Palisade::Identity::\"default\" }",
        "when { {\"Var\": resource == Palisade::Identity::\"default\"}.Var }",
        "unless { [Palisade::Policy::\"default\"].contains(resource) }",
        "when { resource is Palisade::Identity in principal.tenant }",
        "when { Palisade::Identity::\"default\" has state }",
        "when { {of: resource}.of has linked_by }",
    ])
}

fn policy() -> impl Strategy<Value = String> {
    let effect = prop::sample::select(vec!["permit", "forbid"]);
    (
        effect,
        principal_scope(),
        action_scope(),
        resource_scope(),
        condition(),
    )
        .prop_map(|(effect, principal, action, resource, condition)| {
            format!("{effect} ({principal}, {action}, {resource}) {condition};")
        })
}

fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        6 => (1_u8..4, prop::collection::btree_set(role(), 0..4))
            .prop_map(|(number, roles)| api_key(number, &roles.into_iter().collect::<Vec<_>>())),
        2 => (1_u8..4, prop::collection::btree_set(1_u8..4, 0..3)).prop_map(|(number, groups)| {
            let group = |number| GroupId::from_uuid(key(number).as_uuid());
            member(number, &groups.into_iter().map(group).collect::<Vec<_>>())
        }),
        1 => Just(operator()),
    ]
}

fn resource() -> impl Strategy<Value = Resource> {
    (kind(), id(), any::<bool>(), any::<bool>()).prop_map(|(kind, id, own, active)| {
        let text = |text: &'static str| Attribute::String(text.into());
        let attributes = match kind {
            "Identity" => vec![
                ("schema_id", text("default")),
                ("state", text(if active { "active" } else { "inactive" })),
            ],
            "ExternalIdentity" => vec![("linked_by", text(if active { "scim" } else { "manual" }))],
            "Session" => {
                let of = if active { identity(1) } else { identity(2) };
                let of = palisade_identity::IdentityId::from_uuid(of.id().as_uuid());
                vec![("identity", Attribute::Identity(of)), ("aal", text("aal1"))]
            }
            _ => Vec::new(),
        };
        let id = if kind == "Tenant" && own {
            home().to_string()
        } else {
            id
        };
        Resource {
            kind,
            id: id.into(),
            attributes,
        }
    })
}

#[derive(Clone, Debug)]
struct Asked {
    principal: Principal,
    suspended: bool,
    action: usize,
    resource: Resource,
    foreign: bool,
    ip: Option<std::net::IpAddr>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let ip = prop::option::of(prop::sample::select(vec![
        std::net::IpAddr::from([10, 0, 0, 1]),
        std::net::IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]),
    ]));
    (
        principal(),
        prop::bool::weighted(0.1),
        0..action::ALL.len(),
        resource(),
        prop::bool::weighted(0.1),
        ip,
    )
        .prop_map(
            |(principal, suspended, action, resource, foreign, ip)| Asked {
                principal,
                suspended,
                action,
                resource,
                foreign,
                ip,
            },
        )
}

fn told(response: &Response) -> (bool, Vec<String>, Vec<String>) {
    let mut reasons: Vec<String> = response
        .diagnostics()
        .reason()
        .map(ToString::to_string)
        .collect();
    let mut errors: Vec<String> = response
        .diagnostics()
        .errors()
        .map(|error| match error {
            cedar_policy::AuthorizationError::PolicyEvaluationError(error) => {
                error.policy_id().to_string()
            }
        })
        .collect();
    reasons.sort();
    errors.sort();
    (
        response.decision() == cedar_policy::Decision::Allow,
        reasons,
        errors,
    )
}

/// Holds the slice against the whole set; the number of policies that the slice left out.
fn compare(compiled: &Compiled, asked: &Asked) -> usize {
    let engine = engine();
    let question = Question {
        principal: &asked.principal,
        tenant_state: if asked.suspended {
            TenantState::Suspended
        } else {
            TenantState::Active
        },
        action: asked.action,
        resource: &asked.resource,
        foreign: asked.foreign.then(elsewhere),
        ip: asked.ip,
    };
    let subject = engine.subject(compiled, &question).expect("can be asked");
    let (_, slice) = engine
        .slice(compiled, &question, &subject)
        .expect("can be asked");
    let (resource, entities) = subject
        .with_resource(&engine.platform, &asked.resource, question.foreign)
        .expect("can be asked");
    let sliced = engine
        .request(&subject, &question, resource.clone(), slice.reads_context)
        .expect("can be asked");
    let whole = engine
        .request(&subject, &question, resource, true)
        .expect("can be asked");
    let everything =
        PolicySet::from_policies(compiled.members.iter().map(|member| member.policy.clone()))
            .expect("unique ids");
    let authorizer = Authorizer::new();
    let of_slice = told(&authorizer.is_authorized(&sliced, &slice.set, &entities));
    let of_all = told(&authorizer.is_authorized(&whole, &everything, &entities));
    assert_eq!(of_slice, of_all, "{question:?}");

    let verdict = engine.ask(compiled, question).expect("can be asked");
    let (allowed, reasons, errors) = of_all;
    let named: Vec<&str> = verdict
        .determining
        .policies
        .iter()
        .map(|id| &**id)
        .collect();
    assert_eq!(verdict.evaluation_error, !errors.is_empty());
    assert_eq!(verdict.allowed, allowed && errors.is_empty());
    assert_eq!(named, if errors.is_empty() { reasons } else { errors });
    compiled.members.len() - slice.set.num_of_policies()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn slicing_changes_neither_decision_nor_determining_policies_nor_errors(
        policies in prop::collection::vec(policy(), 0..12),
        asked in prop::collection::vec(asked(), 1..6),
    ) {
        let text = policies.join("\n");
        let documents: &[(&str, &str)] = if policies.is_empty() { &[] } else { &[("random", &text)] };
        let compiled = compiled(documents);
        prop_assert!(compiled.broken.is_empty(), "{}", text);
        for asked in asked {
            compare(&compiled, &asked);
            // The same of others of its kind: what was said of one must not be said of another that differs.
            for number in 1..4 {
                let mut other = asked.clone();
                other.resource.id = key(number).to_string().into();
                compare(&compiled, &other);
            }
        }
    }
}

#[test]
fn a_slice_leaves_out_what_can_not_apply() {
    let many: Vec<String> = (0..200)
        .map(|number| {
            format!("forbid (principal == Palisade::ApiKey::\"{number}\", action, resource) when {{ true }};")
        })
        .collect();
    let text = many.join("\n");
    let compiled = compiled(&[("many", &text)]);
    let asked = Asked {
        principal: api_key(1, &[Role::Viewer]),
        suspended: false,
        action: 0,
        resource: engine().ordinary_resource(0, home()).expect("there is one"),
        foreign: false,
        ip: None,
    };
    assert!(compare(&compiled, &asked) >= 200);
}

/// Slices are shared by all who can't be told apart by a scope; whoever a scope names has slices of its own.
#[test]
fn a_policy_that_names_one_key_does_not_decide_for_another_of_the_same_roles() {
    let text = format!(
        "forbid (principal == Palisade::ApiKey::\"{}\", action, resource);",
        key(1)
    );
    for order in [[1, 2], [2, 1]] {
        let compiled = compiled(&[("one", &text)]);
        for number in order.into_iter().chain(order) {
            let question = Question {
                principal: &api_key(number, &[Role::Owner]),
                tenant_state: TenantState::Active,
                action: 0,
                resource: &engine().ordinary_resource(0, home()).expect("there is one"),
                foreign: None,
                ip: None,
            };
            assert_eq!(
                engine()
                    .ask(&compiled, question)
                    .expect("can be asked")
                    .allowed,
                number == 2
            );
        }
    }
}

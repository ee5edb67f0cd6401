//! What the gate answers.

use palisade_envelope::{Code, Error};
use palisade_identity::{GroupId, IdentityId, SessionId, State, session::Aal};
use palisade_tenancy::{Caller, Principal, Role, TenantState};

use super::{
    Memory, api_key, caller, compiled, elsewhere, engine, home, identity as person, key, member,
    operator, stored, token,
};
use crate::{
    Access, Action, Authorized, Denied, Gate, IdentityTarget, NamedTarget, Own, Refusal,
    RequestContext, Resource, SessionTarget, Target as _, action,
    compiled::Compiled,
    engine::{Question, Verdict},
};

fn gate(documents: &[(&str, &str)]) -> (Memory, Gate<Memory>) {
    let memory = Memory::default();
    memory.put(home(), stored(7, documents));
    (
        memory.clone(),
        Gate::new(memory).expect("the platform is valid"),
    )
}

fn identity(state: State) -> IdentityTarget {
    IdentityTarget {
        id: IdentityId::from_uuid(key(5).as_uuid()),
        schema_id: "default".into(),
        state,
    }
}

fn denied<A: Action>(answer: Result<Authorized<A>, Refusal>) -> Denied {
    match answer {
        Err(Refusal::Denied(denied)) => *denied,
        other => panic!("not refused by policy: {other:?}"),
    }
}

fn notices(error: &Error) -> Vec<&str> {
    error
        .envelope()
        .notices
        .iter()
        .map(|notice| notice.as_str())
        .collect()
}

fn ask(compiled: &Compiled, principal: &Principal, action: usize, resource: &Resource) -> Verdict {
    let question = Question {
        principal,
        tenant_state: TenantState::Active,
        action,
        resource,
        foreign: None,
        ip: None,
    };
    engine().ask(compiled, question).expect("can be asked")
}

#[tokio::test]
async fn a_grant_tells_caller_target_policies_and_version() {
    let (_, gate) = gate(&[]);
    let caller = caller(home(), &[Role::Editor]).await;
    let context = RequestContext {
        request_id: "r1".into(),
        ip: None,
    };
    let grant = gate
        .decide::<action::DeleteIdentity>(&caller, identity(State::Active), context)
        .await
        .expect("an editor deletes");
    assert_eq!(grant.tenant(), home());
    assert_eq!(grant.target(), &identity(State::Active));
    assert_eq!(grant.principal(), caller.principal());
    assert_eq!(
        grant.determining().policies,
        ["platform/role-editor".into()]
    );
    assert_eq!(grant.determining().version, 7);
    assert!(grant.determining().notices.is_empty());
    assert_eq!(&*grant.context().request_id, "r1");
}

#[tokio::test]
async fn an_implicit_deny_has_no_policy_and_one_fixed_notice() {
    let (_, gate) = gate(&[]);
    let viewer = caller(home(), &[Role::Viewer]).await;
    let denied = denied(
        gate.decide::<action::CreateIdentity>(&viewer, Own, RequestContext::default())
            .await,
    );
    assert!(denied.determining.policies.is_empty());
    assert_eq!(denied.resource, ("Tenant".to_owned(), home().to_string()));
    let error = denied.error();
    assert_eq!(error.code(), Code::Forbidden);
    assert_eq!(notices(&error), [Denied::NOTHING_PERMITS]);
}

#[tokio::test]
async fn the_notice_of_a_tenants_policy_reaches_the_caller() {
    let text = r#"
        @id("keep") @notice("identities are kept for seven years; ask legal@acme.example")
        forbid (principal, action == Palisade::Action::"identity:delete", resource);
        @id("other") @notice("never said")
        forbid (principal, action == Palisade::Action::"identity:update", resource);
    "#;
    let (_, gate) = gate(&[("retention", text)]);
    let owner = caller(home(), &[Role::Owner]).await;
    let answer = gate
        .decide::<action::DeleteIdentity>(
            &owner,
            identity(State::Active),
            RequestContext::default(),
        )
        .await;
    let denied = denied(answer);
    assert_eq!(
        denied.determining.policies,
        ["tenant/retention/keep".into()]
    );
    assert_eq!(
        notices(&denied.error()),
        ["identities are kept for seven years; ask legal@acme.example"]
    );
}

/// Only the texts of `@notice` of the policies that determined the decision, sorted by policy id, each once.
#[test]
fn abuse_60_notices_are_those_of_determining_policies_only() {
    let compiled = compiled(&[
        (
            "b",
            r#"@notice("said by b") forbid (principal, action, resource) when { resource.state == "inactive" };"#,
        ),
        (
            "a",
            r#"@notice("said by a") forbid (principal, action, resource) when { resource.state == "inactive" };"#,
        ),
        (
            "c",
            r#"@notice("said by a") forbid (principal, action, resource) when { resource.state == "inactive" };"#,
        ),
        (
            "d",
            r#"@notice("a secret of another condition") forbid (principal, action, resource) when { resource.state == "gone" };"#,
        ),
        (
            "e",
            r#"@notice("permits do not speak in a refusal") permit (principal, action, resource);"#,
        ),
        (
            "f",
            "forbid (principal, action, resource) when { resource.state == \"inactive\" };",
        ),
        (
            "g",
            "@notice(\"line\\r\\nSet-Cookie: x\") forbid (principal, action, resource) when { resource.state == \"inactive\" };",
        ),
    ]);
    let resource = identity(State::Inactive).resource("");
    let verdict = ask(
        &compiled,
        &api_key(1, &[Role::Owner]),
        action::DeleteIdentity::POSITION,
        &resource,
    );
    assert!(!verdict.allowed);
    let said: Vec<&str> = verdict
        .determining
        .notices
        .iter()
        .map(|notice| notice.as_str())
        .collect();
    assert_eq!(said, ["said by a", "said by b", "line  Set-Cookie: x"]);
    let ids: Vec<&str> = verdict
        .determining
        .policies
        .iter()
        .map(|id| &**id)
        .collect();
    assert_eq!(
        ids,
        ["tenant/a", "tenant/b", "tenant/c", "tenant/f", "tenant/g"]
    );
}

/// Cedar skips a policy that errs, a forbid too. Here whatever errs refuses.
#[tokio::test]
async fn abuse_59_a_policy_that_errs_denies_whatever_the_others_say() {
    for text in [
        "forbid (principal, action, resource) when { 9223372036854775807 + 1 == 0 };",
        "permit (principal, action, resource) when { 9223372036854775807 + 1 == 0 };",
        "forbid (principal, action, resource) when { principal.no_such_attribute };",
        "forbid (principal, action, resource) when { Palisade::Identity::\"unknown\".state == \"active\" };",
    ] {
        let (_, gate) = gate(&[("broken", text)]);
        let owner = caller(home(), &[Role::Owner]).await;
        let denied = denied(
            gate.decide::<action::ListIdentities>(&owner, Own, RequestContext::default())
                .await,
        );
        assert!(denied.evaluation_error, "{text}");
        assert_eq!(denied.determining.policies, ["tenant/broken".into()]);
        assert_eq!(notices(&denied.error()), [Denied::EVALUATION_FAILED]);
    }
}

#[tokio::test]
async fn stored_text_that_can_not_be_read_refuses_everything_and_is_named() {
    let (_, gate) = gate(&[
        ("fine", "permit (principal, action, resource);"),
        ("torn", "forbid (principal, act"),
    ]);
    let owner = caller(home(), &[Role::Owner]).await;
    let denied = denied(
        gate.decide::<action::ReadSelf>(&owner, Own, RequestContext::default())
            .await,
    );
    assert!(denied.evaluation_error);
    assert_eq!(denied.determining.policies, ["tenant/torn".into()]);
}

#[test]
fn guardrails_stand_whatever_the_tenant_permits() {
    let compiled = compiled(&[("all", "permit (principal, action, resource);")]);
    let guardrail = |principal, action, resource: &Resource, state, foreign| {
        let question = Question {
            principal,
            tenant_state: state,
            action,
            resource,
            foreign,
            ip: None,
        };
        let verdict = engine().ask(&compiled, question).expect("can be asked");
        assert!(!verdict.allowed);
        verdict
            .determining
            .policies
            .iter()
            .map(|id| id.to_string())
            .collect::<Vec<_>>()
    };
    let (viewer, active) = (&api_key(1, &[Role::Viewer]), TenantState::Active);
    let own = Own.resource(&home().to_string());
    let one = identity(State::Active).resource("");
    let reveal = action::RevealCredentials::POSITION;
    assert_eq!(
        guardrail(viewer, reveal, &own, active, None),
        ["platform/reveal-owner-only"]
    );
    let read = action::ReadIdentity::POSITION;
    assert_eq!(
        guardrail(viewer, read, &one, active, Some(elsewhere())),
        ["platform/cross-tenant"]
    );
    for state in [TenantState::Suspended, TenantState::Deleted] {
        assert_eq!(
            guardrail(viewer, read, &one, state, None),
            ["platform/suspended-tenant"]
        );
    }
    let suspend = action::SuspendTenant::POSITION;
    assert_eq!(
        guardrail(viewer, suspend, &own, active, None),
        ["platform/operator-only"]
    );
    let other = NamedTarget::tenant(elsewhere()).resource("");
    assert_eq!(
        guardrail(viewer, suspend, &other, active, None),
        ["platform/cross-tenant", "platform/operator-only"]
    );
    let operator = &operator();
    assert_eq!(
        guardrail(operator, read, &one, active, None),
        ["platform/operators-operate"]
    );
    // A role that no key of a tenant can hold is of no use to one.
    let forged = &api_key(1, &[Role::Operator]);
    assert_eq!(
        guardrail(forged, suspend, &own, active, None),
        ["platform/operator-only"]
    );
}

#[tokio::test]
async fn the_operator_manages_tenants_and_nothing_in_them() {
    let (_, gate) = gate(&[]);
    let operator = Caller::operator_at_command_line();
    let context = RequestContext::default;
    gate.decide::<action::CreateTenant>(&operator, Own, context())
        .await
        .expect("creates");
    gate.decide::<action::SuspendTenant>(&operator, NamedTarget::tenant(home()), context())
        .await
        .expect("suspends");
    gate.decide::<action::ReadSelf>(&operator, Own, context())
        .await
        .expect("asks who it is");
    let denied = denied(
        gate.decide::<action::ListIdentities>(&operator, Own, context())
            .await,
    );
    assert_eq!(
        denied.determining.policies,
        ["platform/operators-operate".into()]
    );
    let allowed = gate
        .allowed_actions(&operator, &context())
        .await
        .expect("can be asked");
    let operate = action::ALL
        .iter()
        .filter(|(_, access)| *access == Access::Operate)
        .map(|(name, _)| *name);
    assert_eq!(
        allowed,
        [action::ReadSelf::NAME]
            .into_iter()
            .chain(operate)
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn what_is_allowed_is_told_with_the_tenants_policies_in_it() {
    let (_, gate) = gate(&[(
        "office",
        "forbid (principal, action in Palisade::Action::\"write\", resource)
         unless { context has ip && context.ip.isInRange(ip(\"10.0.0.0/8\")) };",
    )]);
    let editor = caller(home(), &[Role::Editor]).await;
    let at = |ip: Option<[u8; 4]>| RequestContext {
        request_id: "".into(),
        ip: ip.map(Into::into),
    };
    let inside = gate
        .allowed_actions(&editor, &at(Some([10, 1, 2, 3])))
        .await
        .expect("can be asked");
    let outside = gate
        .allowed_actions(&editor, &at(Some([192, 0, 2, 1])))
        .await
        .expect("can be asked");
    assert!(inside.contains(&"identity:delete") && inside.contains(&"external_identity:unlink"));
    assert!(!outside.contains(&"identity:delete") && outside.contains(&"identity:read"));
    assert!(!inside.contains(&"policy:put") && !inside.contains(&"credential:reveal"));
}

/// An address that is not known is no way around a rule about addresses.
#[tokio::test]
async fn abuse_30_an_unknown_address_does_not_skip_the_rule() {
    let (_, gate) = gate(&[(
        "office",
        "@notice(\"from the office only\")
         forbid (principal, action, resource) unless { context has ip && context.ip.isInRange(ip(\"10.0.0.0/8\")) };",
    )]);
    let owner = caller(home(), &[Role::Owner]).await;
    let at = |ip: Option<std::net::IpAddr>| RequestContext {
        request_id: "".into(),
        ip,
    };
    let denied = denied(
        gate.decide::<action::ListIdentities>(&owner, Own, at(None))
            .await,
    );
    assert_eq!(notices(&denied.error()), ["from the office only"]);
    let mapped = "::ffff:10.0.0.1".parse().expect("is an address");
    gate.decide::<action::ListIdentities>(&owner, Own, at(Some(mapped)))
        .await
        .expect("an office address, mapped");
}

fn session(of: u8, aal: Aal) -> Resource {
    let target = SessionTarget {
        id: SessionId::from_uuid(key(7).as_uuid()),
        identity: IdentityId::from_uuid(person(of).id().as_uuid()),
        aal,
    };
    target.resource("")
}

#[test]
fn an_identity_does_what_is_personal_to_its_own_sessions_and_nothing_else() {
    // Whatever the tenant permits.
    for documents in [
        &[][..],
        &[("open", "permit (principal, action, resource);")],
    ] {
        let compiled = compiled(documents);
        for (position, (name, access)) in action::ALL.iter().enumerate() {
            let resource = if *access == Access::Personal {
                session(1, Aal::Aal1)
            } else {
                engine()
                    .ordinary_resource(position, home())
                    .expect("there is one")
            };
            let allowed = ask(&compiled, &person(1), position, &resource).allowed;
            let expected = *access == Access::Personal || *name == action::ReadSelf::NAME;
            assert_eq!(allowed, expected, "{name}");
            if *access == Access::Personal {
                let verdict = ask(&compiled, &person(2), position, &resource);
                let policies = verdict.determining.policies;
                assert!(!verdict.allowed, "{name} on another's session");
                assert_eq!(policies, ["platform/personal-own".into()]);
                let owner = api_key(1, &[Role::Owner]);
                assert!(!ask(&compiled, &owner, position, &resource).allowed);
            }
        }
    }
}

#[test]
fn a_tenant_can_ask_for_a_second_factor_and_say_so() {
    let documents = [(
        "mfa",
        r#"@notice("sign in with a second factor")
        forbid (principal, action == Palisade::Action::"session:whoami", resource)
        unless { resource.aal == "aal2" || resource.aal == "aal3" };"#,
    )];
    let compiled = compiled(&documents);
    let whoami = action::ReadOwnSession::POSITION;
    let refused = ask(&compiled, &person(1), whoami, &session(1, Aal::Aal1));
    assert!(!refused.allowed);
    assert_eq!(
        refused.determining.notices[0].as_str(),
        "sign in with a second factor"
    );
    assert!(ask(&compiled, &person(1), whoami, &session(1, Aal::Aal2)).allowed);
}

#[test]
fn a_caller_that_acts_on_itself_keeps_its_roles() {
    let compiled = compiled(&[]);
    let owner = api_key(1, &[Role::Owner]);
    let itself = NamedTarget::api_key(key(1)).resource("");
    assert!(ask(&compiled, &owner, action::RevokeApiKey::POSITION, &itself).allowed);
    let other = NamedTarget::api_key(key(2)).resource("");
    assert!(ask(&compiled, &owner, action::RevokeApiKey::POSITION, &other).allowed);
}

#[test]
fn an_identity_that_acts_on_itself_keeps_its_roles_and_what_it_came_with() {
    let compiled = compiled(&[]);
    let viewer = token(&[Role::Viewer]);
    let itself = IdentityTarget::absent(IdentityId::from_uuid(viewer.id().as_uuid()));
    let read = action::ReadIdentity::POSITION;
    assert!(ask(&compiled, &viewer, read, &itself.resource("")).allowed);
    assert!(!ask(&compiled, &token(&[]), read, &itself.resource("")).allowed);
}

#[test]
fn whoever_is_in_a_group_is_in_it_for_policies() {
    let engineers = GroupId::from_uuid(palisade_identity::ids::Uuid::max());
    let other = GroupId::from_uuid(key(1).as_uuid());
    let scope = format!(
        "@notice(\"not for engineers\") forbid (principal in Palisade::Group::\"{engineers}\", action == Palisade::Action::\"session:whoami\", resource);"
    );
    let condition = format!(
        "forbid (principal, action == Palisade::Action::\"session:whoami\", resource) when {{ principal in Palisade::Group::\"{engineers}\" }};"
    );
    let capitals = scope.replace(
        &engineers.to_string(),
        &engineers.to_string().to_uppercase(),
    );
    let whoami = action::ReadOwnSession::POSITION;
    for (text, counts) in [(scope, true), (condition, true), (capitals, false)] {
        let compiled = compiled(&[("groups", &text)]);
        // Whatever was decided for one, membership is that of now.
        for _ in 0..2 {
            for (groups, inside) in [
                (&[][..], false),
                (&[engineers][..], true),
                (&[other][..], false),
                (&[other, engineers][..], true),
            ] {
                let verdict = ask(
                    &compiled,
                    &member(1, groups),
                    whoami,
                    &session(1, Aal::Aal1),
                );
                assert_eq!(verdict.allowed, !(inside && counts), "{text} {groups:?}");
            }
        }
    }
}

#[test]
fn who_comes_with_a_token_may_what_a_tenant_permits_its_group() {
    let group = GroupId::from_uuid(key(1).as_uuid());
    let text = format!(
        "permit (principal in Palisade::Group::\"{group}\", action == Palisade::Action::\"identity:list\", resource);"
    );
    let compiled = compiled(&[("groups", &text)]);
    let list = action::ListIdentities::POSITION;
    let resource = Own.resource(&home().to_string());
    for (groups, allowed) in [(&[][..], false), (&[group][..], true)] {
        let mut principal = token(&[]);
        if let Principal::Identity { groups: of, .. } = &mut principal {
            *of = groups.into();
        }
        assert_eq!(ask(&compiled, &principal, list, &resource).allowed, allowed);
        // With the token of a session, nobody's group gives anything.
        assert!(!ask(&compiled, &member(1, groups), list, &resource).allowed);
    }
}

/// The caches are shared by all tenants: what one tenant has must never answer for another.
#[test]
fn abuse_05_the_same_key_and_roles_in_two_tenants_get_each_tenants_answer() {
    let documents = [("closed", "forbid (principal, action, resource);")];
    let ours = Compiled::new(&engine().platform, home(), &stored(1, &[])).expect("compiles");
    let theirs =
        Compiled::new(&engine().platform, elsewhere(), &stored(1, &documents)).expect("compiles");
    let owner = api_key(1, &[Role::Owner]);
    for _ in 0..2 {
        for (compiled, allowed) in [(&ours, true), (&theirs, false)] {
            let resource = Own.resource(&compiled.tenant.to_string());
            let verdict = ask(
                compiled,
                &owner,
                action::ListIdentities::POSITION,
                &resource,
            );
            assert_eq!(verdict.allowed, allowed);
        }
    }
}

#[test]
fn a_key_whose_roles_changed_is_decided_by_the_new_ones() {
    let compiled = compiled(&[]);
    let resource = Own.resource(&home().to_string());
    let create = action::CreateIdentity::POSITION;
    assert!(ask(&compiled, &api_key(1, &[Role::Editor]), create, &resource).allowed);
    assert!(!ask(&compiled, &api_key(1, &[Role::Viewer]), create, &resource).allowed);
}

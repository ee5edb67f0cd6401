//! Abuse case 61: no set of policies takes policy management from an owner's key.

use palisade_envelope::{Code, Error};

use super::{engine, home, key, stored};
use crate::{ValidPolicy, lockout};

fn check(documents: &[(&str, &str)]) -> Result<(), Error> {
    lockout::check(engine(), home(), &stored(1, documents).policies)
}

#[test]
fn abuse_61_whatever_forbids_an_owner_to_manage_policies_is_refused_by_name() {
    for text in [
        "forbid (principal, action, resource);",
        "forbid (principal, action in Palisade::Action::\"manage\", resource);",
        "forbid (principal, action == Palisade::Action::\"policy:delete\", resource);",
        "forbid (principal, action in Palisade::Action::\"read\", resource is Palisade::Policy);",
        "forbid (principal, action == Palisade::Action::\"api_key:create\", resource);",
        "forbid (principal is Palisade::ApiKey, action, resource);",
        "forbid (principal, action, resource) unless { context has ip && context.ip.isInRange(ip(\"10.0.0.0/8\")) };",
        "forbid (principal, action, resource) when { context has ip && context.ip.isIpv6() };",
        "forbid (principal, action, resource) when { 9223372036854775807 + 1 == 0 };",
        "forbid (principal, action, resource == Palisade::Policy::\"theirs\");",
        "forbid (principal, action, resource) when { resource == Palisade::Policy::\"theirs\" };",
    ] {
        let error = check(&[
            ("fine", "permit (principal, action, resource);"),
            ("theirs", text),
        ])
        .expect_err(text);
        assert_eq!(error.code(), Code::PolicyLockout, "{text}");
        assert!(
            error.envelope().message.contains("`tenant/theirs`"),
            "{text}: {}",
            error.envelope().message
        );
        assert_eq!(
            error.envelope().details["policies"][0]["policy"],
            "tenant/theirs"
        );
    }
    let named = format!(
        "forbid (principal, action, resource) unless {{ principal == Palisade::ApiKey::\"{}\" }};",
        key(1)
    );
    check(&[("one", &named)]).expect_err("one named key is no way back for the others");
}

#[test]
fn what_leaves_owners_alone_is_fine() {
    let one_key = format!(
        "forbid (principal == Palisade::ApiKey::\"{}\", action, resource);",
        key(1)
    );
    for text in [
        "forbid (principal, action, resource) unless { principal in Palisade::Role::\"owner\" };",
        "forbid (principal, action == Palisade::Action::\"identity:delete\", resource);",
        "forbid (principal in Palisade::Role::\"admin\", action in Palisade::Action::\"manage\", resource);",
        "forbid (principal, action, resource) when { context has ip && context.ip.isInRange(ip(\"203.0.113.64/26\")) };",
        "forbid (principal, action, resource == Palisade::Policy::\"not-there\");",
        one_key.as_str(),
    ] {
        check(&[("theirs", text)]).expect(text);
    }
    check(&[]).expect("nothing forbids");
}

#[test]
fn the_cap_counts_policies_over_all_documents() {
    let many = "forbid (principal, action == Palisade::Action::\"identity:delete\", resource);"
        .repeat(100);
    let names: Vec<String> = (0..11).map(|number| format!("d{number}")).collect();
    let documents: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (name.as_str(), many.as_str()))
        .collect();
    check(&documents[..10]).expect("exactly the cap");
    let error = check(&documents).expect_err("above the cap");
    assert_eq!(error.code(), Code::LimitReached);
    assert_eq!(error.envelope().details["limit"], ValidPolicy::MAX_POLICIES);
}

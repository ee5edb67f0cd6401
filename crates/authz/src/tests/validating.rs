//! What a tenant may store, and what it is told otherwise.

use palisade_envelope::{Code, Error};

use super::{elsewhere, engine, home};
use crate::{ValidPolicy, validate};

fn check(text: &str) -> Result<ValidPolicy, Error> {
    validate::document(&engine().platform, home(), "mine", text)
}

/// (line, column, part of the message, part of the hint) of the first error.
fn first(text: &str) -> (u64, u64, String, String) {
    let error = check(text).expect_err(text);
    assert_eq!(error.code(), Code::InvalidPolicy);
    let finding = &error.envelope().details["errors"][0];
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (
        finding["line"].as_u64().expect("a line"),
        finding["column"].as_u64().expect("a column"),
        text("message"),
        text("hint"),
    )
}

#[test]
fn an_error_names_its_place_and_what_may_have_been_meant() {
    let cases: [(&str, (u64, u64), &str, &str); 14] = [
        (
            "permit (principal, action resource);",
            (1, 27),
            "unexpected token `resource`",
            "`,`",
        ),
        (
            "// a comment\npermit (\n  principal,\n  action == Palisade::Action::\"identity:raed\",\n  resource\n);",
            (4, 13),
            "identity:raed",
            "did you mean `Palisade::Action::\"identity:read\"`?",
        ),
        (
            "permit (principal, action == Palisade::Action::\"identity:read\", resource)\nwhen { resource.sate == \"active\" };",
            (2, 8),
            "attribute `sate`",
            "did you mean `state`?",
        ),
        (
            "permit (principal, action, resource) when { context.ip.isIpv4() };",
            (1, 45),
            "optional attribute `ip`",
            "context has ip",
        ),
        (
            "permit (principal in Palisade::Rol::\"owner\", action, resource);",
            (1, 22),
            "Palisade::Rol",
            "Palisade::Role",
        ),
        (
            "permit (principal in Palisade::Role::\"ownr\", action, resource);",
            (1, 22),
            "unrecognized role `ownr`",
            "did you mean `Palisade::Role::\"owner\"`?",
        ),
        (
            "permit (principal in Palisade::Role::\"operator\", action, resource);",
            (1, 22),
            "unrecognized role",
            "owner",
        ),
        (
            "permit (principal == ?principal, action, resource);",
            (1, 1),
            "templates are not supported",
            "name the principal",
        ),
        ("// nothing\n", (1, 1), "contains no policy", ""),
        (
            "permit (principal, action, resource);\n@id(\"a b\") permit (principal, action, resource);",
            (2, 1),
            "`a b`",
            "@id",
        ),
        (
            "@id(\"x\") permit (principal, action, resource);\n@id(\"x\") forbid (principal, action, resource);",
            (2, 1),
            "two policies of the id `tenant/mine/x`",
            "",
        ),
        (
            "@notice(\"\") forbid (principal, action, resource);",
            (1, 1),
            "the notice is empty",
            "",
        ),
        (
            "@notice(\"a\\nb\") forbid (principal, action, resource);",
            (1, 1),
            "control characters",
            "",
        ),
        (
            "forbid (principal, action, resource) when { principal.tenant.tenant == resource.tenant };",
            (1, 45),
            "level 2",
            "one step deep",
        ),
    ];
    for (text, place, message, hint) in cases {
        let found = first(text);
        assert!(
            found.2.contains(message) && found.3.contains(hint),
            "{text}: {found:?}"
        );
        assert_eq!((found.0, found.1), place, "{text}: {found:?}");
    }
}

#[test]
fn a_policy_that_asks_for_the_groups_of_a_resource_is_refused() {
    for text in [
        "forbid (principal, action, resource in Palisade::Group::\"g\");",
        "forbid (principal, action, resource is Palisade::Identity in Palisade::Group::\"g\");",
        "forbid (principal, action == Palisade::Action::\"identity:read\", resource) when { resource in Palisade::Group::\"g\" };",
        "forbid (principal, action == Palisade::Action::\"identity:read\", resource) unless { resource in [Palisade::Group::\"g\"] };",
        "forbid (principal, action == Palisade::Action::\"identity:read\", resource) when { resource is Palisade::Identity in Palisade::Group::\"g\" };",
    ] {
        let error = check(text).expect_err(text);
        let errors = error.envelope().details["errors"].to_string();
        assert!(errors.contains("not the resource"), "{text}: {errors}");
    }
    for text in [
        "forbid (principal in Palisade::Group::\"g\", action, resource);",
        "forbid (principal, action == Palisade::Action::\"scim_group:delete\", resource == Palisade::Group::\"g\");",
        "forbid (principal, action, resource) when { principal in Palisade::Group::\"g\" };",
    ] {
        assert!(check(text).is_ok(), "{text}");
    }
}

#[test]
fn several_errors_are_told_at_once_in_their_order() {
    let error = check(
        "permit (principal in Palisade::Role::\"ownr\", action, resource);\n\
         permit (principal, action == Palisade::Action::\"x\", resource);\n\
         permit (principal, action, resource) when { resource.no };",
    )
    .expect_err("three faults");
    let lines: Vec<u64> = error.envelope().details["errors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|finding| finding["line"].as_u64().expect("a line"))
        .collect();
    assert!(
        [1, 2, 3].iter().all(|line| lines.contains(line)) && lines.is_sorted(),
        "{lines:?}"
    );
    assert_eq!(
        error.envelope().details["errors"][0]["policy"],
        "tenant/mine/0"
    );
}

/// A tenant's policy speaks of its own tenant and of a tenant's actions only.
#[test]
fn abuse_62_another_tenant_or_a_system_action_in_a_policy_is_an_error() {
    let (own, other) = (home(), elsewhere());
    let permit =
        |condition: String| format!("permit (principal, action, resource) when {{ {condition} }};");
    check(&permit(format!(
        "resource.tenant == Palisade::Tenant::\"{own}\""
    )))
    .expect("its own");
    for text in [
        permit(format!("resource.tenant == Palisade::Tenant::\"{other}\"")),
        permit(format!("principal.tenant != Palisade::Tenant::\"{other}\"")),
        format!("permit (principal, action, resource == Palisade::Tenant::\"{other}\");"),
        format!(
            "permit (principal, action, resource == Palisade::Tenant::\"{}\");",
            own.to_string().to_uppercase()
        ),
    ] {
        assert!(first(&text).2.contains("names another tenant"), "{text}");
    }
    for action in ["tenant:suspend", "tenant:create_key", "operate"] {
        for scope in [
            format!("action == Palisade::Action::\"{action}\""),
            format!("action in [Palisade::Action::\"read\", Palisade::Action::\"{action}\"]"),
        ] {
            let found = first(&format!("permit (principal, {scope}, resource);"));
            assert!(found.2.contains("is the operator's"), "{found:?}");
        }
    }
    let found = first("permit (principal == Palisade::Operator::\"x\", action, resource);");
    assert!(found.2.contains("names an operator"), "{found:?}");
}

#[test]
fn the_caps_hold() {
    let comment = "/".repeat(ValidPolicy::MAX_BYTES);
    assert!(
        first(&comment).2.contains("16384 are allowed")
            || first(&format!("{comment}/"))
                .2
                .contains("16384 are allowed")
    );
    let notice = format!(
        "@notice(\"{}\") forbid (principal, action, resource);",
        "n".repeat(501)
    );
    assert!(first(&notice).2.contains("longer than 500"));
    for name in ["", "Upper", "-x", "a/b", "..", &"x".repeat(64)] {
        let error = validate::document(
            &engine().platform,
            home(),
            name,
            "permit (principal, action, resource);",
        )
        .expect_err(name);
        assert_eq!(error.code(), Code::InvalidRequest);
    }
}

#[test]
fn a_valid_document_knows_the_ids_of_its_policies() {
    let one = check("@id(\"ignored\") permit (principal, action, resource);").expect("valid");
    assert_eq!(one.policies(), ["tenant/mine".into()]);
    let three = check(
        "permit (principal, action, resource);\n@id(\"named\") permit (principal, action, resource);\n\
         permit (principal, action, resource);",
    )
    .expect("valid");
    assert_eq!(
        three.policies(),
        [
            "tenant/mine/0".into(),
            "tenant/mine/named".into(),
            "tenant/mine/2".into()
        ]
    );
    assert_eq!(three.to_stored().name, "mine");
}

#[test]
fn a_policy_that_can_never_apply_is_warned_of() {
    let warned =
        check("permit (principal, action, resource) when { principal is Palisade::Role };")
            .expect("valid");
    assert_eq!(warned.warnings().len(), 1, "{:?}", warned.warnings());
    assert_eq!(warned.warnings()[0].policy.as_deref(), Some("tenant/mine"));
}

#[test]
fn the_example_of_the_documentation_is_valid() {
    let documentation = include_str!("../../../../docs/POLICIES.md");
    let examples: Vec<&str> = documentation
        .split("```cedar\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(examples.len() >= 4);
    for example in examples {
        let valid = check(example).expect(example);
        assert!(
            valid.warnings().is_empty(),
            "{example}: {:?}",
            valid.warnings()
        );
        crate::lockout::check(engine(), home(), &[valid.to_stored()]).expect(example);
    }
}

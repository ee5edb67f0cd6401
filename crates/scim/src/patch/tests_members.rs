//! What PATCH makes of the members of a group.

use serde_json::json;

use super::tests::{added, members, patch, removed};
use crate::resource::MemberKind;
use crate::schema::ResourceType;

#[test]
fn members_are_collected_to_one_change_in_the_order_of_the_operations() {
    let change = members(json!([
        {"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "b", "type": "group"}]},
        {"op": "remove", "path": "members[value eq \"a\"]"},
        {"op": "remove", "path": "members[value eq \"c\" or value eq \"d\"]"},
        {"op": "add", "path": "members", "value": {"value": "d"}}
    ]));
    assert_eq!(
        (added(&change), removed(&change)),
        (vec!["b", "d"], vec!["a", "c"])
    );
    assert_eq!(
        change.added().next().and_then(|member| member.kind),
        Some(MemberKind::Group)
    );
    assert!(!change.cleared());
    let replaced = members(json!([
        {"op": "remove", "path": "members[value eq \"x\"]"},
        {"op": "replace", "path": "members", "value": [{"value": "a"}, {"value": "b"}]},
        {"op": "remove", "path": "members[value eq \"b\"]"}
    ]));
    assert!(replaced.cleared());
    assert_eq!((added(&replaced), removed(&replaced)), (vec!["a"], vec![]));
}

#[test]
fn members_that_go_are_named_by_their_ids_and_no_other_filter_is_held_against_them() {
    let group = ResourceType::group();
    for filter in [
        "type eq \"Group\"",
        "display co \"zz\"",
        "value ne \"x\"",
        "value sw \"x\"",
        "value eq \"x\" and type eq \"User\"",
        "not (value eq \"x\")",
    ] {
        let operation = json!({"op": "remove", "path": format!("members[{filter}]")});
        let error = patch(&group, &json!({"displayName": "G"}), &json!([operation]))
            .expect_err("is refused");
        assert_eq!(
            error.envelope().details["scimType"],
            "invalidFilter",
            "{filter}"
        );
    }
}

#[test]
fn abuse_43_only_a_removal_that_says_so_empties_a_group() {
    assert!(members(json!([{"op": "remove", "path": "members"}])).cleared());
    assert!(members(json!([{"op": "replace", "path": "members", "value": []}])).cleared());
    assert!(members(json!([{"op": "remove", "path": "members", "value": []}])).is_empty());
    let one = members(json!([{"op": "remove", "path": "members[value eq \"x\"]"}]));
    assert_eq!((removed(&one), one.cleared()), (vec!["x"], false));
    let group = ResourceType::group();
    let before = json!({"displayName": "G"});
    for operation in [
        json!({"op": "remove", "path": "members[value eq x", "value": []}),
        json!({"op": "remove", "path": "members[]"}),
        json!({"op": "remove", "path": "members", "value": null}),
        json!({"op": "remove", "path": "members", "value": ""}),
        json!({"op": "remove", "path": "members", "value": [{"id": "x"}]}),
        json!({"op": "remove", "path": "members", "value": [{"value": "x"}, {"value": null}]}),
        json!({"op": "remove", "path": "members", "value": {"members": ["x"]}}),
        json!({"op": "remove", "path": "members.value", "value": "x"}),
        json!({"op": "replace", "path": "members", "value": null}),
        json!({"op": "replace", "path": "members", "value": "[]"}),
        json!({"op": "replace", "path": "members[value eq \"x\"].value", "value": "y"}),
    ] {
        let said = patch(&group, &before, &json!([operation]));
        let is_harmless = match &said {
            Err(error) => error.code().status() == 400,
            // A string names a member: that one, and no other.
            Ok(patched) => operation["value"] == "[]" && added(&patched.membership) == ["[]"],
        };
        assert!(is_harmless, "{operation}: {said:?}");
    }
}

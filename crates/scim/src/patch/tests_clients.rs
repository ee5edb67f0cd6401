//! PATCH as Entra ID and Okta send it, and what users complained about elsewhere.

use serde_json::{Value, json};

use super::tests::{added, after, members, patch, refused, removed};
use crate::error::ScimType;
use crate::schema::ResourceType;
use crate::urn;

fn ada() -> Value {
    json!({"userName": "ada", "active": true, "displayName": "Ada"})
}

fn enterprise(said: &Value, name: &str) -> Value {
    said[urn::ENTERPRISE_USER][name].clone()
}

#[test]
fn entra_02_op_in_any_case_and_add_for_replace() {
    for op in ["Add", "Replace", "ADD", "replace"] {
        let said = after(
            &ada(),
            json!([{"op": op, "path": "displayName", "value": "B"}]),
        );
        assert_eq!(said["displayName"], "B", "{op}");
    }
    let said = after(&ada(), json!([{"op": "Remove", "path": "displayName"}]));
    assert!(said.get("displayName").is_none());
}

#[test]
fn entra_03_active_as_a_string_by_replace_and_by_add() {
    for (op, value) in [("Replace", "False"), ("Add", "False"), ("replace", "false")] {
        let said = after(
            &ada(),
            json!([{"op": op, "path": "active", "value": value}]),
        );
        assert_eq!(said["active"], false);
        let back = after(
            &said,
            json!([{"op": op, "path": "active", "value": "True"}]),
        );
        assert_eq!(back["active"], true);
    }
}

#[test]
fn entra_04_dotted_and_qualified_keys_without_a_path() {
    let said = after(
        &ada(),
        json!([{"op": "replace", "value": {
            "displayName": "B", "name.givenName": "G", "name.familyName": "F", "active": false,
            "emails[type eq \"work\"].value": "w@x",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "7",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager": "m"
        }}]),
    );
    assert_eq!(said["displayName"], "B");
    assert_eq!(said["name"], json!({"givenName": "G", "familyName": "F"}));
    assert_eq!(said["emails"], json!([{"type": "work", "value": "w@x"}]));
    assert_eq!(enterprise(&said, "employeeNumber"), "7");
    assert_eq!(enterprise(&said, "manager"), json!({"value": "m"}));
}

#[test]
fn entra_05_a_removal_with_a_list_of_members_removes_those() {
    for value in [
        json!([{"$ref": null, "value": "u1"}]),
        json!({"value": "u1"}),
        json!(["u1"]),
        json!("u1"),
    ] {
        let change = members(json!([{"op": "Remove", "path": "members", "value": value}]));
        assert_eq!(removed(&change), ["u1"], "{value}");
        assert!(!change.cleared());
    }
    let flagged = members(json!([{"op": "remove", "path": "members[value eq \"u1\"]"}]));
    assert_eq!(removed(&flagged), ["u1"]);
}

#[test]
fn entra_06_members_with_a_ref_of_null_and_many_operations() {
    let change = members(json!([
        {"op": "Add", "path": "members", "value": [{"$ref": null, "value": "u1"}, {"$ref": null, "value": "u2"}]},
        {"op": "Add", "path": "members", "value": [{"$ref": null, "value": "u3"}]},
        {"op": "Remove", "path": "members", "value": [{"$ref": null, "value": "u4"}]}
    ]));
    assert_eq!(added(&change), ["u1", "u2", "u3"]);
    assert_eq!(removed(&change), ["u4"]);
}

#[test]
fn entra_07_a_value_that_no_filter_finds_is_made() {
    for op in ["Add", "Replace"] {
        let said = after(
            &ada(),
            json!([
                {"op": op, "path": "emails[type eq \"work\"].value", "value": "w@x"},
                {"op": op, "path": "emails[type eq \"work\"].primary", "value": "True"},
                {"op": op, "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1"},
                {"op": op, "path": "addresses[type eq \"work\"].postalCode", "value": "1010"},
                {"op": op, "path": "addresses[type eq \"work\"].locality", "value": "Wien"},
                {"op": op, "path": "emails[type eq \"other\"].Value", "value": "o@x"},
                {"op": op, "path": "roles[primary eq \"True\"].value", "value": "admin"}
            ]),
        );
        assert_eq!(
            said["emails"],
            json!([
                {"type": "work", "value": "w@x", "primary": true}, {"type": "other", "value": "o@x"}
            ])
        );
        assert_eq!(
            said["phoneNumbers"],
            json!([{"type": "mobile", "value": "+1"}])
        );
        assert_eq!(
            said["addresses"],
            json!([{"type": "work", "postalCode": "1010", "locality": "Wien"}])
        );
        assert_eq!(said["roles"], json!([{"primary": true, "value": "admin"}]));
    }
    let whole = after(
        &ada(),
        json!([{"op": "add", "path": "emails[type eq \"Work\"]", "value": {"value": "w@x"}}]),
    );
    assert_eq!(whole["emails"], json!([{"type": "Work", "value": "w@x"}]));
    let replaced = after(
        &whole,
        json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "n@x"}}]),
    );
    assert_eq!(
        replaced["emails"],
        json!([{"type": "work", "value": "n@x"}])
    );
}

#[test]
fn entra_08_and_complaint_06_a_manager_in_every_shape() {
    let qualified = format!("{}:manager", urn::ENTERPRISE_USER);
    for operation in [
        json!({"op": "Add", "path": qualified, "value": "m"}),
        json!({"op": "Replace", "path": "manager", "value": [{"$ref": "https://x/Users/m", "value": "m"}]}),
        json!({"op": "Add", "path": qualified, "value": {"value": "m", "displayName": "ignored"}}),
        json!({"op": "Add", "path": format!("{qualified}.value"), "value": "m"}),
        json!({"op": "Replace", "value": {qualified.as_str(): "m"}}),
    ] {
        let said = after(&ada(), json!([operation]));
        assert_eq!(enterprise(&said, "manager")["value"], "m", "{operation}");
        let other = after(
            &said,
            json!([{"op": "Replace", "path": "manager", "value": "n"}]),
        );
        assert_eq!(enterprise(&other, "manager"), json!({"value": "n"}));
        for nothing in [json!(""), json!(null), json!([]), json!({})] {
            let gone = after(
                &said,
                json!([{"op": "Replace", "path": qualified, "value": nothing}]),
            );
            assert_eq!(gone, ada());
        }
    }
}

#[test]
fn entra_09_and_complaint_11_core_attributes_behind_their_urn() {
    let said = after(
        &ada(),
        json!([
            {"op": "Add", "path": format!("{}:title", urn::USER), "value": "t"},
            {"op": "Add", "path": format!("{}:emails[type eq \"work\"].value", urn::USER), "value": "w@x"}
        ]),
    );
    assert_eq!(
        (&said["title"], &said["emails"][0]["value"]),
        (&json!("t"), &json!("w@x"))
    );
    let unknown = json!([{"op": "Add", "path": format!("{}:role", urn::USER), "value": "t"}]);
    refused(&ada(), unknown, ScimType::InvalidPath);
}

#[test]
fn entra_suite_null_update_unassigns_and_stays_unassigned() {
    let mut user = ada();
    for _ in 0..2 {
        user = after(
            &user,
            json!([
                {"op": "Replace", "path": "displayName", "value": ""},
                {"op": "Replace", "path": "name.givenName", "value": ""},
                {"op": "Replace", "path": "phoneNumbers[type eq \"work\"].value", "value": ""}
            ]),
        );
        assert_eq!(user, json!({"userName": "ada", "active": true}));
    }
}

#[test]
fn okta_05_a_deactivation_without_a_path() {
    let said = after(
        &ada(),
        json!([{"op": "replace", "value": {"active": false}}]),
    );
    assert_eq!(said["active"], false);
}

#[test]
fn okta_06_group_push_keeps_the_members_and_takes_the_name() {
    let group = ResourceType::group();
    let before = json!({"displayName": "Old"});
    let push = json!([{"op": "replace", "value": {"id": "g-1", "displayName": "New"}}]);
    let patched = patch(&group, &before, &push).expect("is fine");
    assert!(patched.changed && patched.membership.is_empty());
    assert_eq!(patched.resource.attributes()["displayName"], "New");
    assert!(patched.resource.attributes().get("id").is_none());
    let change = members(json!([
        {"op": "remove", "path": "members[value eq \"u1\"]"},
        {"op": "add", "path": "members", "value": [{"value": "u2", "display": "U"}]}
    ]));
    assert_eq!((removed(&change), added(&change)), (vec!["u1"], vec!["u2"]));
    let full = members(json!([{"op": "replace", "path": "members", "value": [{"value": "u3"}]}]));
    assert_eq!((full.cleared(), added(&full)), (true, vec!["u3"]));
    let pathless = members(json!([{"op": "replace", "value": {"members": [{"value": "u4"}]}}]));
    assert_eq!((pathless.cleared(), added(&pathless)), (true, vec!["u4"]));
    let more = members(json!([{"op": "add", "value": {"members": [{"value": "u5"}]}}]));
    assert_eq!((more.cleared(), added(&more)), (false, vec!["u5"]));
    assert!(members(json!([{"op": "replace", "value": {"members": null}}])).is_empty());
}

#[test]
fn complaint_01_and_13_members_are_removed_and_added_whether_they_are_there_or_not() {
    let change = members(json!([{"op": "remove", "path": "members[value eq \"gone\"]"}]));
    assert_eq!(removed(&change), ["gone"]);
    let twice = members(json!([
        {"op": "add", "path": "members", "value": [{"value": "u"}]},
        {"op": "add", "path": "members", "value": [{"value": "u"}]}
    ]));
    assert_eq!(added(&twice), ["u"]);
}

#[test]
fn complaint_05_attributes_of_the_enterprise_extension() {
    let urn = urn::ENTERPRISE_USER;
    for operation in [
        json!({"op": "Add", "path": format!("{urn}:department"), "value": "D"}),
        json!({"op": "replace", "path": urn, "value": {"department": "D"}}),
        json!({"op": "replace", "value": {urn: {"department": "D"}}}),
        json!({"op": "Replace", "path": "department", "value": "D"}),
    ] {
        let said = after(&ada(), json!([operation]));
        assert_eq!(enterprise(&said, "department"), "D", "{operation}");
    }
}

#[test]
fn complaint_14_external_id_by_add_and_a_filtered_removal() {
    let said = after(
        &ada(),
        json!([{"op": "Add", "path": "externalId", "value": "e"}]),
    );
    assert_eq!(said["externalId"], "e");
    let mails = json!({"userName": "a", "emails": [{"value": "w", "type": "work"}, {"value": "h", "type": "home"}]});
    let said = after(
        &mails,
        json!([{"op": "remove", "path": "emails[type eq \"work\" and value eq \"w\"]"}]),
    );
    assert_eq!(said["emails"], json!([{"value": "h", "type": "home"}]));
}

#[test]
fn complaint_16_a_reactivation_in_every_spelling() {
    let off = json!({"userName": "a", "active": false});
    for operation in [
        json!({"op": "replace", "value": {"active": true}}),
        json!({"op": "Replace", "path": "active", "value": "True"}),
        json!({"op": "Add", "path": "active", "value": true}),
        json!({"op": "replace", "path": "active", "value": ["true"]}),
    ] {
        assert_eq!(
            after(&off, json!([operation]))["active"],
            true,
            "{operation}"
        );
    }
}

#[test]
fn abuse_42_active_false_is_never_passed_over() {
    for operation in [
        json!({"op": "replace", "value": {"active": "False"}}),
        json!({"op": "Add", "path": "ACTIVE", "value": false}),
        json!({"op": "Replace", "path": format!("{}:active", urn::USER), "value": "FALSE"}),
        json!({"op": "replace", "value": {format!("{}:active", urn::USER): false}}),
    ] {
        let patched = patch(&ResourceType::user(), &ada(), &json!([operation])).expect("is fine");
        assert!(patched.changed);
        assert_eq!(
            patched.resource.attributes()["active"],
            false,
            "{operation}"
        );
    }
}

#[test]
fn abuse_49_and_04_neither_id_nor_tenant_can_be_patched() {
    let patched = patch(&ResourceType::user(), &ada(), &json!([
        {"op": "replace", "value": {"id": "other", "tenant_id": "t", "linked_by": "manual", "meta": {"version": "W/\"9\""}}}
    ]))
    .expect("is passed over");
    assert!(!patched.changed);
    assert_eq!(patched.ignored.len(), 2);
}

//! PATCH by the RFC, and its limits.

use serde_json::{Value, json};

use super::*;
use crate::error::{ScimType, scim_type};
use crate::resource::Resource;
use crate::schema::ResourceType;
use crate::urn;

pub(super) fn resource(kept: &Value) -> Resource {
    Resource::from_kept(kept.as_object().expect("is an object").clone())
}

pub(super) fn patch(
    of: &ResourceType,
    before: &Value,
    operations: &Value,
) -> palisade_envelope::Result<Patched> {
    let request =
        PatchRequest::parse(&json!({"schemas": [urn::PATCH_OP], "Operations": operations}))?;
    apply(&request, of, &resource(before))
}

pub(super) fn after(before: &Value, operations: Value) -> Value {
    let patched = patch(&ResourceType::user(), before, &operations)
        .unwrap_or_else(|error| panic!("{operations}: {error}"));
    assert_eq!(patched.changed, patched.resource != resource(before));
    Value::Object(patched.resource.into_map())
}

pub(super) fn refused(before: &Value, operations: Value, expected: ScimType) {
    let error =
        patch(&ResourceType::user(), before, &operations).expect_err(&operations.to_string());
    assert_eq!(scim_type(&error), Some(expected), "{operations}: {error}");
}

pub(super) fn members(operations: Value) -> MembershipChange {
    let group = ResourceType::group();
    patch(&group, &json!({"displayName": "G"}), &operations)
        .unwrap_or_else(|error| panic!("{operations}: {error}"))
        .membership
}

pub(super) fn added(change: &MembershipChange) -> Vec<&str> {
    change.added().map(|member| member.id.as_str()).collect()
}

pub(super) fn removed(change: &MembershipChange) -> Vec<&str> {
    change.removed().collect()
}

pub(super) fn ada() -> Value {
    json!({
        "userName": "ada", "active": true,
        "name": {"givenName": "Ada", "familyName": "B"},
        "emails": [{"value": "a@work", "type": "work", "primary": true}, {"value": "a@home", "type": "home"}]
    })
}

#[test]
fn a_message_that_is_none_is_invalid_syntax() {
    for body in [
        json!([]),
        json!({}),
        json!({"Operations": []}),
        json!({"Operations": "add"}),
        json!({"Operations": [1]}),
        json!({"Operations": [{"path": "title"}]}),
        json!({"Operations": [{"op": "test", "path": "title"}]}),
        json!({"Operations": [{"op": 1}]}),
        json!({"Operations": [{"op": "add", "path": 5}]}),
        json!({"Operations": [{"op": "add", "OP": "remove"}]}),
        json!({"Operations": [], "operations": []}),
    ] {
        let error = PatchRequest::parse(&body).expect_err("is no PATCH");
        assert_eq!(scim_type(&error), Some(ScimType::InvalidSyntax), "{body}");
    }
    let many = json!({"Operations": vec![json!({"op": "add"}); 1_001]});
    assert_eq!(
        PatchRequest::parse(&many)
            .expect_err("too many")
            .code()
            .status(),
        413
    );
    assert!(PatchRequest::parse(&json!({"operations": {"Op": "Add", "Value": {}}})).is_ok());
}

#[test]
fn add_and_replace_mean_the_same_for_a_single_value() {
    for op in ["add", "replace"] {
        let operations = json!([
            {"op": op, "path": "title", "value": "Countess"},
            {"op": op, "path": "name.familyName", "value": "Lovelace"},
            {"op": op, "path": "name", "value": {"middleName": "K"}}
        ]);
        let said = after(&ada(), operations);
        assert_eq!(said["title"], "Countess");
        assert_eq!(
            said["name"],
            json!({"givenName": "Ada", "familyName": "Lovelace", "middleName": "K"})
        );
    }
}

#[test]
fn add_appends_what_is_not_there_and_merges_what_is() {
    let said = after(
        &ada(),
        json!([{"op": "add", "path": "emails", "value": [
            {"value": "A@WORK", "type": "work", "display": "W"}, {"value": "new@x", "type": "other"}, {"value": "new@x", "type": "other"}
        ]}]),
    );
    assert_eq!(said["emails"].as_array().map(Vec::len), Some(3));
    assert_eq!(said["emails"][0]["display"], "W");
    let again = json!([{"op": "add", "path": "emails", "value": {"value": "a@home"}}]);
    assert_eq!(after(&ada(), again), ada());
}

#[test]
fn the_same_value_of_another_type_is_another() {
    let operation =
        json!([{"op": "add", "path": "emails", "value": {"value": "a@work", "type": "home"}}]);
    let said = after(&ada(), operation);
    assert_eq!(said["emails"].as_array().map(Vec::len), Some(3));
}

#[test]
fn another_value_takes_the_reference_to_the_old_one_away() {
    let urn = urn::ENTERPRISE_USER;
    let before =
        json!({"userName": "a", urn: {"manager": {"value": "m", "$ref": "https://x/Users/m"}}});
    let manager = |operation: Value| after(&before, json!([operation]))[urn]["manager"].clone();
    for operation in [
        json!({"op": "replace", "path": "manager.value", "value": "n"}),
        json!({"op": "add", "path": "manager", "value": {"value": "n"}}),
    ] {
        assert_eq!(manager(operation), json!({"value": "n"}));
    }
    let both = json!({"op": "add", "path": "manager", "value": {"value": "n", "$ref": "https://x/Users/n"}});
    assert_eq!(
        manager(both),
        json!({"value": "n", "$ref": "https://x/Users/n"})
    );
    let same = json!({"op": "add", "path": "manager", "value": {"value": "m"}});
    assert_eq!(manager(same), before[urn]["manager"]);
}

#[test]
fn replace_puts_the_whole_list_in_its_place() {
    let said = after(
        &ada(),
        json!([{"op": "replace", "path": "emails", "value": {"value": "only@x"}}]),
    );
    assert_eq!(said["emails"], json!([{"value": "only@x"}]));
    for empty in [json!([]), json!(null), json!("")] {
        let said = after(
            &ada(),
            json!([{"op": "replace", "path": "emails", "value": empty}]),
        );
        assert!(said.get("emails").is_none());
    }
}

#[test]
fn a_new_primary_value_takes_it_from_the_old_one() {
    let primaries = |said: &Value| -> Vec<bool> {
        let list = said["emails"].as_array().expect("is a list").iter();
        list.map(|email| email["primary"] == true).collect()
    };
    let by_filter = after(
        &ada(),
        json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": "True"}]),
    );
    assert_eq!(primaries(&by_filter), [false, true]);
    let by_adding = after(
        &ada(),
        json!([{"op": "add", "path": "emails", "value": [{"value": "n@x", "primary": true}]}]),
    );
    assert_eq!(primaries(&by_adding), [false, false, true]);
    let both = json!([{"op": "add", "path": "emails", "value": [{"value": "n", "primary": true}, {"value": "m", "primary": true}]}]);
    refused(&ada(), both, ScimType::InvalidValue);
}

#[test]
fn remove_takes_attributes_sub_attributes_and_values() {
    let gone = |path: &str| after(&ada(), json!([{"op": "remove", "path": path}]));
    assert!(gone("emails").get("emails").is_none());
    assert!(gone("name").get("name").is_none());
    assert_eq!(gone("name.givenName")["name"], json!({"familyName": "B"}));
    assert_eq!(
        gone("emails[type eq \"work\"]")["emails"],
        json!([{"value": "a@home", "type": "home"}])
    );
    assert_eq!(
        gone("emails[type eq \"work\"].primary")["emails"][0],
        json!({"value": "a@work", "type": "work"})
    );
    assert_eq!(gone("emails.type")["emails"][1], json!({"value": "a@home"}));
    assert_eq!(gone("nickName"), ada());
    let listed = json!([{"op": "remove", "path": "emails", "value": [{"value": "A@home"}]}]);
    assert_eq!(
        after(&ada(), listed)["emails"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn what_must_be_there_can_not_be_removed() {
    for operation in [
        json!({"op": "remove", "path": "userName"}),
        json!({"op": "replace", "path": "userName", "value": ""}),
        json!({"op": "replace", "value": {"userName": null}}),
    ] {
        refused(&ada(), json!([operation]), ScimType::InvalidValue);
    }
}

#[test]
fn a_path_to_what_the_service_writes_is_mutability_and_a_key_is_passed_over() {
    for path in [
        "id",
        "meta",
        "meta.created",
        "groups",
        "groups[value eq \"g\"]",
        "manager.displayName",
    ] {
        for op in ["add", "replace", "remove"] {
            let operation = json!([{"op": op, "path": path, "value": "x"}]);
            refused(&ada(), operation, ScimType::Mutability);
        }
    }
    let keys = json!([{"op": "replace", "value": {"id": "x", "meta": {}, "schemas": [], "groups": [], "manager.displayName": "M"}}]);
    let patched = patch(&ResourceType::user(), &ada(), &keys).expect("is fine");
    assert!(!patched.changed && patched.ignored.is_empty());
    let unknown = json!([{"op": "add", "value": {"shoeSize": 43}}]);
    let patched = patch(&ResourceType::user(), &ada(), &unknown).expect("is fine");
    assert_eq!(patched.ignored, ["shoeSize"]);
}

#[test]
fn no_target_is_for_filters_that_could_not_make_a_value() {
    for operation in [
        json!({"op": "replace", "path": "emails[type eq \"x\" or type eq \"y\"].value", "value": "v"}),
        json!({"op": "replace", "path": "emails[value sw \"zzz\"]", "value": {"value": "v"}}),
        json!({"op": "add", "path": "emails[not (type pr)].value", "value": "v"}),
        json!({"op": "remove", "path": "emails[type eq \"other\"]"}),
        json!({"op": "remove"}),
        json!({"op": "remove", "value": {"title": "x"}}),
    ] {
        refused(&ada(), json!([operation]), ScimType::NoTarget);
    }
}

#[test]
fn paths_that_can_not_be_read_are_invalid_path() {
    for path in [
        "emails[",
        "shoeSize",
        "urn:example:x:y",
        "name.x",
        "title[value eq \"x\"]",
    ] {
        refused(
            &ada(),
            json!([{"op": "replace", "path": path, "value": "x"}]),
            ScimType::InvalidPath,
        );
    }
}

#[test]
fn values_that_do_not_fit_are_invalid_value() {
    for operation in [
        json!({"op": "replace", "path": "title"}),
        json!({"op": "replace", "path": "title", "value": 5}),
        json!({"op": "replace", "path": "active", "value": "maybe"}),
        json!({"op": "add", "path": "emails", "value": [5]}),
        json!({"op": "add", "path": "emails[type eq \"work\"].value", "value": {"a": 1}}),
        json!({"op": "add", "path": "emails[type eq \"work\"]", "value": 5}),
        json!({"op": "add", "value": "x"}),
        json!({"op": "add"}),
        json!({"op": "replace", "path": urn::ENTERPRISE_USER, "value": "x"}),
        json!({"op": "remove", "path": "emails", "value": [{}]}),
        json!({"op": "remove", "path": "emails", "value": null}),
    ] {
        refused(&ada(), json!([operation]), ScimType::InvalidValue);
    }
}

#[test]
fn all_operations_are_done_or_none_and_the_error_tells_which_failed() {
    let operations = json!([
        {"op": "replace", "path": "title", "value": "x"},
        {"op": "replace", "path": "nope", "value": "x"}
    ]);
    let error = patch(&ResourceType::user(), &ada(), &operations).expect_err("the second fails");
    assert_eq!(error.envelope().details["operation"], 1);
}

#[test]
fn a_patch_that_changes_nothing_says_so() {
    for operation in [
        json!({"op": "replace", "path": "active", "value": "True"}),
        json!({"op": "add", "path": "emails[type eq \"work\"].value", "value": "a@work"}),
        json!({"op": "replace", "value": {"name": {"givenName": "Ada"}}}),
        json!({"op": "replace", "path": "title", "value": ""}),
        json!({"op": "replace", "path": "emails[type eq \"other\"].value", "value": ""}),
        json!({"op": "remove", "path": "emails", "value": []}),
        json!({"op": "add", "path": "schemas", "value": ["urn:x:y:z"]}),
    ] {
        let patched = patch(&ResourceType::user(), &ada(), &json!([operation])).expect("is fine");
        assert!(!patched.changed, "{operation}");
    }
}

#[test]
fn an_extension_is_there_while_it_has_a_value() {
    let of = ResourceType::user();
    let department = format!("{}:department", urn::ENTERPRISE_USER);
    let set = after(
        &ada(),
        json!([{"op": "add", "path": department, "value": "D"}]),
    );
    assert_eq!(
        resource(&set).schemas(&of),
        [urn::USER, urn::ENTERPRISE_USER]
    );
    for operation in [
        json!({"op": "remove", "path": department}),
        json!({"op": "remove", "path": urn::ENTERPRISE_USER}),
        json!({"op": "replace", "path": urn::ENTERPRISE_USER, "value": null}),
        json!({"op": "replace", "value": {urn::ENTERPRISE_USER: {"department": ""}}}),
    ] {
        let said = after(&set, json!([operation]));
        assert_eq!(said, ada(), "{operation}");
    }
}

#[test]
fn a_password_is_set_apart_and_taken_away_only_by_remove() {
    let of = ResourceType::user();
    let of_operation = |operation: Value| {
        let patched = patch(&of, &ada(), &json!([operation])).expect("is fine");
        assert!(!patched.changed);
        patched.password
    };
    let set = of_operation(json!({"op": "replace", "path": "password", "value": "s3cret"}));
    assert!(matches!(&set, PasswordChange::Set(password) if password.reveal() == "s3cret"));
    assert!(!format!("{set:?}").contains("s3cret"));
    let keyed = of_operation(json!({"op": "replace", "value": {"password": "s3cret"}}));
    assert_eq!(keyed, set);
    assert_eq!(
        of_operation(json!({"op": "replace", "value": {"password": null}})),
        PasswordChange::Kept
    );
    assert_eq!(
        of_operation(json!({"op": "remove", "path": "password"})),
        PasswordChange::Removed
    );
}

#[test]
fn what_can_be_written_once_is_not_changed() {
    let schema = crate::schema::Schema::defined(&json!({
        "id": "urn:example:scim:1.0:Badge", "name": "Badge",
        "attributes": [{"name": "serial", "type": "string", "mutability": "immutable"}]
    }))
    .expect("is fine");
    let extension = crate::schema::Extension {
        schema: schema.into(),
        required: false,
    };
    let of = ResourceType::user()
        .with_extension(extension)
        .expect("is new");
    let badge = |serial: &str| json!([{"op": "replace", "path": "serial", "value": serial}]);
    let set = patch(&of, &ada(), &badge("1")).expect("is new").resource;
    let set = Value::Object(set.into_map());
    assert!(!patch(&of, &set, &badge("1")).expect("is the same").changed);
    for operations in [
        badge("2"),
        badge(""),
        json!([{"op": "remove", "path": "urn:example:scim:1.0:Badge"}]),
    ] {
        let error = patch(&of, &set, &operations).expect_err("is another");
        assert_eq!(
            scim_type(&error),
            Some(ScimType::Mutability),
            "{operations}"
        );
    }
}

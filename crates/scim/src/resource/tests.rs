//! Bodies of POST and PUT.

use serde_json::json;

use super::*;
use crate::error::{ScimType, scim_type};
use crate::schema::Extension;
use crate::{limits, urn};

fn user(body: Value) -> Result<Incoming> {
    Incoming::create(&body, &ResourceType::user())
}

fn kept(body: Value) -> Value {
    let read = user(body).expect("is fine");
    Value::Object(read.resource.into_map())
}

fn refused(body: Value, scim: ScimType, about: &str) {
    let error = user(body).expect_err(about);
    assert_eq!(scim_type(&error), Some(scim), "{error}");
    assert!(error.envelope().message.contains(about), "{error}");
}

#[test]
fn names_are_brought_to_their_spelling_and_empty_values_left_out() {
    assert_eq!(
        kept(json!({
            "schemas": [urn::USER], "USERNAME": "ada", "Active": true, "nickName": "", "title": null, "photos": [],
            "name": {"GIVENNAME": "Ada", "familyName": null}, "Emails": [{"VALUE": "a@x", "Primary": true}, null, {}]
        })),
        json!({
            "userName": "ada", "active": true, "name": {"givenName": "Ada"}, "emails": [{"value": "a@x", "primary": true}]
        })
    );
}

#[test]
fn entra_03_a_boolean_may_be_a_string_in_any_spelling() {
    for (sent, expected) in [
        ("True", true),
        ("False", false),
        ("false", false),
        ("TRUE", true),
        ("1", true),
        ("0", false),
    ] {
        assert_eq!(
            kept(json!({"userName": "a", "active": sent}))["active"],
            expected,
            "{sent}"
        );
    }
    let roles = kept(json!({"userName": "a", "roles": [{"value": "r", "primary": "True"}]}));
    assert_eq!(roles["roles"][0]["primary"], true);
    refused(
        json!({"userName": "a", "active": "yes"}),
        ScimType::InvalidValue,
        "`active`",
    );
    refused(
        json!({"userName": "a", "active": 1}),
        ScimType::InvalidValue,
        "`active`",
    );
}

#[test]
fn entra_08_a_manager_may_be_a_string_or_an_array_of_one() {
    for manager in [
        json!("m"),
        json!({"value": "m"}),
        json!([{"value": "m", "$ref": null}]),
    ] {
        let body = json!({"userName": "a", urn::ENTERPRISE_USER: {"manager": manager}});
        assert_eq!(
            kept(body)[urn::ENTERPRISE_USER],
            json!({"manager": {"value": "m"}})
        );
    }
    let two = json!({"userName": "a", urn::ENTERPRISE_USER: {"manager": [{"value": "m"}, {"value": "n"}]}});
    refused(two, ScimType::InvalidValue, "manager");
}

#[test]
fn entra_10_nulls_empty_lists_meta_and_unknown_schemas_are_passed_over() {
    let read = user(json!({
        "schemas": [urn::USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:Wrong"],
        "externalId": "e", "userName": "a", "active": true, "displayName": null, "roles": [],
        "meta": {"resourceType": "User"}, "id": "chosen", "groups": [{"value": "g"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:Wrong": {"x": 1}, "shoeSize": 43
    }))
    .expect("is fine");
    assert_eq!(
        Value::Object(read.resource.clone().into_map()),
        json!({"externalId": "e", "userName": "a", "active": true})
    );
    assert_eq!(read.ignored.len(), 2);
    assert_eq!(read.resource.schemas(&ResourceType::user()), [urn::USER]);
    let group = json!({
        "schemas": [urn::GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "displayName": "G", "members": [], "meta": {"resourceType": "Group"}
    });
    let group = Incoming::create(&group, &ResourceType::group()).expect("is fine");
    assert!(group.members.is_empty());
}

#[test]
fn entra_14_values_are_kept_as_they_were_sent() {
    let phones = kept(
        json!({"userName": "A@X", "phoneNumbers": [{"value": "+1 (0) 555", "type": "carrier-pigeon"}]}),
    );
    assert_eq!(phones["userName"], "A@X");
    assert_eq!(
        phones["phoneNumbers"],
        json!([{"value": "+1 (0) 555", "type": "carrier-pigeon"}])
    );
}

#[test]
fn okta_03_a_post_with_groups_password_and_locale_keeps_the_password_apart() {
    let read = user(json!({
        "schemas": [urn::USER], "userName": "a", "name": {"givenName": "A", "familyName": "B"},
        "emails": [{"primary": true, "value": "a@x", "type": "work"}], "displayName": "A B", "locale": "en-US",
        "externalId": "00u1", "groups": [], "password": "1mz050nq", "active": true
    }))
    .expect("is fine");
    assert_eq!(
        read.password.as_ref().map(Password::reveal),
        Some("1mz050nq")
    );
    assert!(read.resource.attributes().get("password").is_none());
    assert!(!format!("{read:?}").contains("1mz050nq"));
}

#[test]
fn okta_04_a_put_repeats_what_only_the_service_writes() {
    let of = ResourceType::user();
    let before = user(json!({"userName": "a", "active": false, "title": "t"})).expect("is fine");
    let body = json!({
        "schemas": [urn::USER], "id": "1", "userName": "a", "groups": [{"value": "g"}],
        "meta": {"version": "W/\"1\""}, "nickName": "n"
    });
    let after = Incoming::replace(&body, &of, &before.resource).expect("is fine");
    // What the body leaves out is cleared, and `active` is what a new user has: abuse case 43, a PUT does not disable.
    assert_eq!(
        Value::Object(after.resource.into_map()),
        json!({"userName": "a", "nickName": "n", "active": true})
    );
    assert_eq!(after.password, None);
}

#[test]
fn okta_06_a_put_of_a_group_names_its_members() {
    let group = ResourceType::group();
    let body = json!({
        "schemas": [urn::GROUP], "displayName": "G",
        "members": [{"value": "u1", "display": "U"}, {"value": "g1", "type": "Group", "$ref": null}, {"value": "u1"}]
    });
    let read = Incoming::replace(&body, &group, &Resource::default()).expect("is fine");
    assert_eq!(
        read.members,
        [
            Member {
                id: "u1".to_owned(),
                kind: None
            },
            Member {
                id: "g1".to_owned(),
                kind: Some(MemberKind::Group)
            }
        ]
    );
    assert!(read.resource.attributes().get("members").is_none());
    for members in [
        json!([{"display": "U"}]),
        json!([{}]),
        json!([1]),
        json!(""),
    ] {
        let body = json!({"displayName": "G", "members": members});
        assert!(Incoming::create(&body, &group).is_err(), "{members}");
    }
}

#[test]
fn google_schemas_of_scim_1_are_tolerated() {
    assert!(
        user(json!({"schemas": ["urn:scim:schemas:core:1.0", urn::USER], "userName": "a"})).is_ok()
    );
    assert!(user(json!({"schemas": ["urn:scim:schemas:core:1.0"], "userName": "a"})).is_ok());
    assert!(user(json!({"userName": "a"})).is_ok());
    refused(
        json!({"schemas": [urn::GROUP], "userName": "a"}),
        ScimType::InvalidValue,
        "`schemas`",
    );
    refused(
        json!({"schemas": 1, "userName": "a"}),
        ScimType::InvalidSyntax,
        "`schemas`",
    );
    refused(
        json!({"schemas": [1], "userName": "a"}),
        ScimType::InvalidSyntax,
        "`schemas`",
    );
}

#[test]
fn entra_suite_a_user_without_a_name_is_400_and_a_misspelled_attribute_passed_over() {
    refused(
        json!({"schemas": [urn::USER]}),
        ScimType::InvalidValue,
        "`userName`",
    );
    refused(
        json!({"userName": ""}),
        ScimType::InvalidValue,
        "`userName`",
    );
    refused(
        json!({"userName": null}),
        ScimType::InvalidValue,
        "`userName`",
    );
    let of = ResourceType::user();
    let put = json!({"userName": "a", "dispalyName": "x"});
    let read = Incoming::replace(&put, &of, &Resource::default()).expect("is fine");
    assert_eq!(read.ignored, ["dispalyName"]);
    assert!(Incoming::replace(&json!({}), &of, &Resource::default()).is_err());
}

#[test]
fn values_of_another_type_are_refused_by_the_name_of_their_attribute() {
    for (attribute, value, about) in [
        ("userName", json!(5), "`userName`"),
        ("userName", json!({"value": "x"}), "`userName`"),
        ("userName", json!(["a", "b"]), "`userName`"),
        ("userName", json!([["a"]]), "`userName`"),
        ("userName", json!("a\u{0}b"), "U+0000"),
        (
            "userName",
            json!("x".repeat(limits::MAX_STRING_BYTES + 1)),
            "16 KiB",
        ),
        ("name", json!("Ada"), "`name`"),
        ("emails", json!([{"value": 5}]), "`emails.value`"),
        ("emails", json!([5]), "`emails`"),
        ("emails", json!([["a@x"]]), "`emails`"),
        (
            "emails",
            json!([{"value": "a", "primary": true}, {"value": "b", "primary": "True"}]),
            "`primary`",
        ),
        (
            "x509Certificates",
            json!([{"value": "not base64!"}]),
            "`x509Certificates.value`",
        ),
    ] {
        let mut body = json!({"userName": "a"});
        body[attribute] = value;
        refused(body, ScimType::InvalidValue, about);
    }
}

#[test]
fn a_value_that_stands_alone_is_a_list_of_one() {
    let one = kept(json!({"userName": "a", "emails": {"value": "a@x"}, "roles": "admin"}));
    assert_eq!(one["emails"], json!([{"value": "a@x"}]));
    assert_eq!(one["roles"], json!([{"value": "admin"}]));
}

#[test]
fn bodies_that_are_no_resources_are_refused() {
    for body in [
        json!([]),
        json!("x"),
        json!(null),
        json!({"userName": "a", "USERNAME": "b"}),
        json!({"userName": "a", "name": {"givenName": "a", "GivenName": "b"}}),
    ] {
        let error = user(body.clone()).expect_err("is no resource");
        assert_eq!(scim_type(&error), Some(ScimType::InvalidSyntax), "{body}");
    }
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!([deep]);
    }
    refused(
        json!({"userName": "a", "name": deep}),
        ScimType::InvalidSyntax,
        "32 levels",
    );
}

#[test]
fn abuse_49_clients_set_neither_id_nor_meta() {
    let read =
        kept(json!({"id": "mine", "meta": {"created": "1970-01-01T00:00:00Z"}, "userName": "a"}));
    assert_eq!(read, json!({"userName": "a", "active": true}));
    let qualified = kept(json!({"userName": "a", format!("{}:id", urn::USER): "mine"}));
    assert!(qualified.get("id").is_none());
}

#[test]
fn qualified_and_dotted_names_are_found_in_bodies_too() {
    let read = kept(json!({
        format!("{}:userName", urn::USER): "a", "name.givenName": "Ada", "name.familyName": "B",
        format!("{}:department", urn::ENTERPRISE_USER): "D"
    }));
    assert_eq!(read["userName"], "a");
    assert_eq!(read["name"], json!({"givenName": "Ada", "familyName": "B"}));
    assert_eq!(read[urn::ENTERPRISE_USER], json!({"department": "D"}));
}

fn with_badge() -> ResourceType {
    let schema = Schema::defined(&json!({
        "id": "urn:example:scim:1.0:Badge", "name": "Badge",
        "attributes": [
            {"name": "serial", "type": "string", "mutability": "immutable", "required": true},
            {"name": "floors", "type": "integer", "multiValued": true},
            {"name": "issued", "type": "dateTime"},
            {"name": "weight", "type": "decimal"}
        ]
    }))
    .expect("is fine");
    ResourceType::user()
        .with_extension(Extension {
            schema: Arc::new(schema),
            required: false,
        })
        .expect("is new")
}

#[test]
fn extensions_of_a_tenant_are_held_against_their_schema() {
    let of = with_badge();
    const BADGE: &str = "urn:example:scim:1.0:Badge";
    let body = |badge: Value| json!({"userName": "a", BADGE: badge});
    let good = json!({"serial": "s", "floors": [1, "2", 3.0], "issued": "2026-01-01T00:00:00", "weight": "1.5"});
    let read = Incoming::create(&body(good), &of)
        .expect("is fine")
        .resource;
    assert_eq!(
        read.attributes()[BADGE],
        json!({"serial": "s", "floors": [1, 2, 3], "issued": "2026-01-01T00:00:00", "weight": 1.5})
    );
    assert_eq!(read.schemas(&of), [urn::USER, BADGE]);
    for badge in [
        json!({"floors": [1]}),
        json!({"serial": "s", "floors": [1.5]}),
        json!({"serial": "s", "floors": ["x"]}),
        json!({"serial": "s", "issued": "soon"}),
        json!({"serial": "s", "weight": true}),
        json!("x"),
    ] {
        assert!(
            Incoming::create(&body(badge.clone()), &of).is_err(),
            "{badge}"
        );
    }
    assert!(Incoming::create(&body(json!({})), &of).is_ok());
    // Set once: the same again is fine, silence keeps it, anything else is refused.
    let same = Incoming::replace(&body(json!({"serial": "s"})), &of, &read).expect("is the same");
    assert_eq!(same.resource.attributes()[BADGE]["serial"], "s");
    let silent = Incoming::replace(&json!({"userName": "a"}), &of, &read).expect("says nothing");
    assert_eq!(silent.resource.attributes()[BADGE], json!({"serial": "s"}));
    let other =
        Incoming::replace(&body(json!({"serial": "t"})), &of, &read).expect_err("is another");
    assert_eq!(scim_type(&other), Some(ScimType::Mutability));
}

#[test]
fn a_value_is_found_by_its_path() {
    let read = user(json!({
        "userName": "a", "name": {"givenName": "Ada"}, "emails": [{"value": "a@x"}],
        urn::ENTERPRISE_USER: {"manager": {"value": "m"}}
    }))
    .expect("is fine")
    .resource;
    let get = |text: &str| {
        let path = AttributePath::parse(text, &ResourceType::user()).expect(text);
        read.get(&path).cloned()
    };
    assert_eq!(get("USERNAME"), Some(json!("a")));
    assert_eq!(get("name.givenName"), Some(json!("Ada")));
    assert_eq!(get("manager.value"), Some(json!("m")));
    assert_eq!(get("emails"), Some(json!([{"value": "a@x"}])));
    assert_eq!(get("emails.value"), None);
    assert_eq!(get("department"), None);
    for text in ["usrName", "emails[type eq \"work\"]", urn::ENTERPRISE_USER] {
        let error = AttributePath::parse(text, &ResourceType::user()).expect_err(text);
        assert_eq!(scim_type(&error), Some(ScimType::InvalidPath));
    }
}

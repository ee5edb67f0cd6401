//! Filters as clients send them, and as attackers do.

use serde_json::{Map, Value, json};

use super::*;
use crate::error::scim_type;
use crate::urn;

pub(super) fn user() -> Map<String, Value> {
    let Value::Object(user) = json!({
        "schemas": [urn::USER, urn::ENTERPRISE_USER],
        "id": "Aa1", "externalId": "Ext-1", "userName": "Ada@Example.com", "active": true,
        "displayName": "Ada", "title": "",
        "name": {"givenName": "Ada", "familyName": "O\"Neil"},
        "emails": [
            {"value": "ada@work.example", "type": "work", "primary": true},
            {"value": "ada@home.example", "type": "home"},
            {"value": "third@x.example"}
        ],
        "meta": {"resourceType": "User", "created": "2026-03-01T00:00:00Z", "lastModified": "2026-03-02T10:00:00.5Z", "version": "W/\"3\""},
        urn::ENTERPRISE_USER: {"employeeNumber": "42", "manager": {"value": "m-1"}}
    }) else {
        unreachable!();
    };
    user
}

pub(super) fn fits(filter: &str) -> bool {
    parse(filter, &ResourceType::user())
        .unwrap_or_else(|error| panic!("{filter}: {error}"))
        .matches(&user())
}

pub(super) fn refused(filter: &str) -> palisade_envelope::Error {
    let error = parse(filter, &ResourceType::user()).expect_err(filter);
    assert_eq!(error.code().status(), 400, "{filter}");
    assert_eq!(scim_type(&error), Some(ScimType::InvalidFilter), "{filter}");
    error
}

#[test]
fn every_operator_compares_by_the_type_of_its_attribute() {
    for filter in [
        "userName eq \"ada@example.COM\"",
        "userName sw \"ADA\"",
        "userName ew \".com\"",
        "userName co \"@\"",
        "userName gt \"aaa\" and userName lt \"zzz\" and userName ge \"ada@example.com\" and userName le \"ADA@example.com\"",
        "id eq \"Aa1\"",
        "externalId eq \"Ext-1\"",
        "active eq true",
        "active ne false",
        "displayName pr",
        "not (title pr)",
        "title eq null",
        "displayName ne null",
        "meta.created lt \"2026-03-01T00:00:01Z\"",
        "meta.created eq \"2026-03-01T01:00:00+01:00\"",
        "meta.lastModified ge \"2026-03-02T10:00:00.500Z\"",
        "meta.resourceType eq \"User\"",
        "schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\"",
        "name.familyName eq \"O\\\"Neil\"",
    ] {
        assert!(fits(filter), "{filter}");
    }
    for filter in [
        "id eq \"aa1\"",
        "externalId eq \"ext-1\"",
        "active eq false",
        "title pr",
        "userName eq \"ada\"",
        "meta.created gt \"2026-03-01T00:00:00Z\"",
        "schemas eq \"urn:example:none\"",
    ] {
        assert!(!fits(filter), "{filter}");
    }
}

#[test]
fn not_binds_before_and_and_that_before_or() {
    let show = |text: &str| parse(text, &ResourceType::user()).expect(text).to_string();
    assert_eq!(
        show("id pr or title pr and not (active pr)"),
        "id pr or (title pr and not (active pr))"
    );
    assert_eq!(
        show("(id pr or title pr) and active pr"),
        "(id pr or title pr) and active pr"
    );
    assert!(fits("userName eq \"x\" and userName eq \"y\" or id pr"));
    assert!(!fits("userName eq \"x\" and (userName eq \"y\" or id pr)"));
}

#[test]
fn what_is_absent_is_not_equal_to_anything_and_nothing_else() {
    assert!(fits("nickName ne \"x\""));
    assert!(fits("not (nickName eq \"x\")"));
    assert!(fits("phoneNumbers.value ne \"1\""));
    assert!(!fits("nickName lt \"x\""));
    assert!(!fits(
        "emails[value eq \"third@x.example\" and type eq \"work\"]"
    ));
    assert!(fits(
        "emails[value eq \"third@x.example\" and type ne \"work\"]"
    ));
}

#[test]
fn a_list_fits_when_one_of_its_values_does() {
    for filter in [
        "emails eq \"ADA@work.example\"",
        "emails co \"home\"",
        "emails.type eq \"home\"",
        "emails[type eq \"work\" and value co \"@work\"]",
        "emails[type eq \"work\" or type eq \"home\"]",
        "emails[not (type pr)]",
        "emails.primary eq true",
        "emails.type eq \"work\" and emails.value co \"third\"",
    ] {
        assert!(fits(filter), "{filter}");
    }
    assert!(!fits("emails[type eq \"home\" and value co \"@work\"]"));
}

#[test]
fn entra_01_and_11_its_lookups_and_probes() {
    for filter in [
        "userName eq \"7d2f9a8e-random\"",
        "externalId eq \"nobody\"",
        "id eq \"x\" and manager eq \"m-1\"",
        "emails[type eq \"work\"].value eq \"nobody@x\"",
    ] {
        assert!(!fits(filter), "{filter}");
    }
    assert!(fits("id eq \"Aa1\" and manager eq \"m-1\""));
    assert!(fits(
        "emails[type eq \"work\"].value eq \"ADA@work.example\""
    ));
    assert!(!fits(
        "emails[type eq \"home\"].value eq \"ada@work.example\""
    ));
    assert!(!fits(
        "emails[type eq \"home\" or type eq \"x\"].value eq \"ada@work.example\""
    ));
    let group = ResourceType::group();
    assert!(parse("displayName eq \"G\"", &group).is_ok());
    let members = parse("id eq \"g\" and members eq \"u\"", &group).expect("reads");
    assert_eq!(
        members.to_string(),
        "id eq \"g\" and members.value eq \"u\""
    );
    assert!(parse("members[$ref eq \"https://x/Users/1\"]", &group).is_ok());
}

#[test]
fn entra_03_booleans_in_quotes_and_in_any_case() {
    for filter in [
        "active eq True",
        "active eq \"True\"",
        "active Eq TRUE",
        "active ne \"false\"",
    ] {
        assert!(fits(filter), "{filter}");
    }
}

#[test]
fn entra_11_a_value_that_was_not_quoted_is_taken_as_text() {
    assert!(fits("externalId eq Ext-1"));
    assert!(fits("userName eq ada@example.com"));
    assert!(fits(&format!(
        "{}:employeeNumber eq 42",
        urn::ENTERPRISE_USER
    )));
    refused("active eq maybe");
}

#[test]
fn entra_suite_the_filters_of_the_postman_collection() {
    assert!(!fits("userName sw O"));
    assert!(fits("userName sw \"A\""));
    assert!(fits("meta.Created gt \"2025-01-01T00:00:00Z\""));
    assert!(fits(
        "userName eq \"ada@example.com\" and (emails co \"zzz\" or displayName co \"da\")"
    ));
}

#[test]
fn complaint_03_external_ids_are_searched_for_letter_by_letter() {
    assert!(fits("externalId eq \"Ext-1\""));
    assert!(!fits("externalId eq \"EXT-1\""));
}

#[test]
fn complaint_11_names_may_stand_behind_their_urn() {
    assert!(fits(&format!("{}:userName sw \"ada\"", urn::USER)));
    assert!(fits(&format!("{}:emails[type eq \"work\"]", urn::USER)));
    assert!(fits(&format!(
        "{}:manager.value eq \"m-1\"",
        urn::ENTERPRISE_USER
    )));
    assert!(fits("employeeNumber pr"));
}

#[test]
fn spaces_and_case_are_free_where_they_mean_nothing() {
    for filter in [
        "  USERNAME   EQ\t\"ada@example.com\"  ",
        "( primaryx pr ) or id pr",
        "not(title pr)",
        "NOT ( title pr ) AND id PR",
        "emails[ type eq \"work\" ]",
        "emails [type eq \"work\"]",
    ] {
        let known = filter.replace("primaryx", "active");
        assert!(fits(&known), "{known}");
    }
}

#[test]
fn abuse_46_an_unknown_attribute_is_refused_and_never_an_empty_list() {
    for filter in [
        "usrName eq \"x\"",
        "name.given eq \"x\"",
        "emails[kind eq \"work\"]",
        "emails[type eq \"work\"].vale eq \"x\"",
        "urn:example:1.0:thing eq \"x\"",
        "userName[value eq \"x\"]",
        "x eq \"y\"",
    ] {
        refused(filter);
    }
    let error = refused("id pr and usrName eq \"x\"");
    assert_eq!(error.envelope().details["position"], 11);
    assert_eq!(error.envelope().details["hint"], "did you mean `userName`?");
}

#[test]
fn comparisons_that_mean_nothing_are_refused() {
    for filter in [
        "active gt true",
        "active co \"t\"",
        "active eq \"yes\"",
        "x509Certificates.value gt \"aa\"",
        "meta.created eq \"yesterday\"",
        "meta.created co \"2026\"",
        "userName eq true",
        "userName gt null",
        "name eq \"x\"",
        "addresses eq \"x\"",
        urn::ENTERPRISE_USER,
    ] {
        refused(filter);
    }
}

#[test]
fn broken_filters_are_refused_where_they_break() {
    for (filter, position) in [
        ("", 1),
        ("userName", 9),
        ("userName eq", 12),
        ("userName eq \"x", 13),
        ("userName is \"x\"", 10),
        ("userName eq \"x\" and", 20),
        ("userName eq \"x\" title pr", 17),
        ("(id pr", 7),
        ("id pr)", 6),
        ("emails[type pr", 15),
        ("not userName eq \"x\"", 5),
        ("eq \"x\"", 1),
        ("\"userName\" eq \"x\"", 1),
        ("emails[emails[type pr]]", 8),
        ("id eq \u{a0}\"x\"", 7),
    ] {
        let error = refused(filter);
        assert_eq!(
            error.envelope().details["position"],
            position,
            "{filter}: {error}"
        );
    }
}

#[test]
fn a_filter_on_a_password_is_403_sensitive() {
    for filter in [
        "password eq \"x\"",
        "id pr and (PASSWORD pr)",
        "password[value eq \"x\"]",
    ] {
        let error = parse(filter, &ResourceType::user()).expect_err(filter);
        assert_eq!(error.code().status(), 403);
        assert_eq!(scim_type(&error), Some(ScimType::Sensitive));
    }
}

#[test]
fn a_filter_for_several_types_takes_what_one_of_them_has() {
    let (user_type, group) = (ResourceType::user(), ResourceType::group());
    let for_groups = |text: &str| {
        let group_of = json!({"id": "g", "displayName": "Ada"});
        parse_among(text, &group, &[&user_type])
            .expect(text)
            .matches(group_of.as_object().expect("is an object"))
    };
    assert!(for_groups("userName eq \"x\" or displayName eq \"ada\""));
    assert!(!for_groups("userName eq \"x\""));
    assert!(!for_groups("emails[type eq \"work\"].value eq \"x\""));
    assert!(!for_groups("userName pr"));
    assert!(for_groups(
        "userName ne \"x\" and userName eq null and not (emails[type pr])"
    ));
    assert!(parse_among("nope eq \"x\"", &group, &[&user_type]).is_err());
    assert!(parse_among("active gt true", &group, &[&user_type]).is_err());
}

#[test]
fn values_of_lists_without_sub_attributes_are_called_value() {
    let schema = crate::schema::Schema::defined(&json!({
        "id": "urn:example:scim:1.0:Tags", "name": "Tags",
        "attributes": [
            {"name": "tags", "type": "string", "multiValued": true},
            {"name": "level", "type": "integer"}, {"name": "score", "type": "decimal"}
        ]
    }))
    .expect("is fine");
    let of = ResourceType::user()
        .with_extension(crate::schema::Extension {
            schema: schema.into(),
            required: false,
        })
        .expect("is new");
    let tagged =
        json!({"urn:example:scim:1.0:Tags": {"tags": ["Red", "blue"], "level": 3, "score": 2.5}});
    let fits = |text: &str| {
        parse(text, &of)
            .expect(text)
            .matches(tagged.as_object().expect("is an object"))
    };
    for filter in [
        "tags eq \"red\"",
        "tags.value eq \"red\"",
        "tags[value sw \"bl\"]",
        "level gt 2 and level lt 3.5 and level eq \"3\"",
        "score ge 2.5 and score lt 3 and score ne 2",
    ] {
        assert!(fits(filter), "{filter}");
    }
    assert!(!fits("tags[value eq \"green\"]"));
    assert!(!fits("level gt 99999999999999999999"));
    assert!(parse("level co \"3\"", &of).is_err());
    assert!(parse("level eq \"three\"", &of).is_err());
}

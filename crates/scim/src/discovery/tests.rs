//! What clients find out.

use serde_json::Value;

use super::*;

const BASE: &str = "https://idp.example/scim/v2";

fn every_attribute(of: &Value, visit: &mut dyn FnMut(&Value)) {
    for name in ["attributes", "subAttributes"] {
        for attribute in of[name].as_array().into_iter().flatten() {
            visit(attribute);
            every_attribute(attribute, visit);
        }
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

#[test]
fn entra_14_schemas_have_no_nulls_camel_case_and_group() {
    let (user, group) = (ResourceType::user(), ResourceType::group());
    let list = serde_json::to_value(schemas(BASE, &[&user, &group])).expect("serializes");
    assert!(!has_null(&list));
    let ids: Vec<_> = list["Resources"]
        .as_array()
        .expect("is a list")
        .iter()
        .map(|schema| schema["id"].as_str().expect("is text"))
        .collect();
    assert_eq!(ids, [urn::USER, urn::ENTERPRISE_USER, urn::GROUP]);
    for schema in list["Resources"].as_array().expect("is a list") {
        every_attribute(schema, &mut |attribute| {
            let mutability = attribute["mutability"].as_str().expect("is text");
            assert!(
                ["readOnly", "readWrite", "immutable", "writeOnly"].contains(&mutability),
                "{attribute}"
            );
            for member in [
                "name",
                "type",
                "multiValued",
                "description",
                "required",
                "caseExact",
                "returned",
                "uniqueness",
            ] {
                assert!(attribute.get(member).is_some(), "{member} of {attribute}");
            }
        });
    }
}

#[test]
fn entra_suite_the_work_email_can_be_derived_from_the_schema() {
    let user = ResourceType::user();
    let shown = schema(
        BASE,
        find_schema(&urn::USER.to_uppercase(), &[&user]).expect("is there"),
    );
    let emails = shown["attributes"]
        .as_array()
        .expect("is a list")
        .iter()
        .find(|attribute| attribute["name"] == "emails")
        .expect("is there");
    assert_eq!(emails["multiValued"], true);
    let mut names = Vec::new();
    every_attribute(emails, &mut |sub| names.push(sub["name"].clone()));
    assert_eq!(names, ["value", "display", "type", "primary"]);
    let kind = &emails["subAttributes"][2];
    assert_eq!(kind["canonicalValues"], json!(["work", "home", "other"]));
}

#[test]
fn every_document_has_its_schema_and_its_place() {
    let (user, group) = (ResourceType::user(), ResourceType::group());
    let config = service_provider_config(BASE);
    assert_eq!(
        config["meta"]["location"],
        format!("{BASE}/ServiceProviderConfig")
    );
    assert_eq!(config["pagination"]["defaultPaginationMethod"], "index");
    let types = serde_json::to_value(resource_types(BASE, &[&user, &group])).expect("serializes");
    assert_eq!(types["totalResults"], 2);
    let first = &types["Resources"][0];
    assert_eq!(first["schemas"], json!([urn::RESOURCE_TYPE]));
    assert_eq!(
        first["schemaExtensions"],
        json!([{"schema": urn::ENTERPRISE_USER, "required": false}])
    );
    assert_eq!(
        first["meta"]["location"],
        format!("{BASE}/ResourceTypes/User")
    );
    assert!(find_schema("urn:example:none", &[&user, &group]).is_none());
}

mod caps;

use super::*;

fn with_traits(traits: Value) -> Value {
    json!({ "type": "object", "properties": { "traits": traits } })
}

fn compiled(traits: Value) -> IdentitySchema {
    IdentitySchema::compile("test", &with_traits(traits)).expect("compiles")
}

fn refused(document: &Value) -> Error {
    let error = IdentitySchema::compile("test", document).expect_err("is refused");
    assert_eq!(error.code(), Code::InvalidDocument);
    error
}

fn path(error: &Error) -> &str {
    error.envelope().details["path"].as_str().expect("a path")
}

fn violation(schema: &IdentitySchema, mut traits: Value) -> Error {
    let error = schema.check(&mut traits).expect_err("does not fit");
    assert_eq!(error.code(), Code::SchemaViolation);
    error
}

fn default_schema() -> IdentitySchema {
    IdentitySchema::compile("default", &IdentitySchema::default_document()).expect("compiles")
}

#[test]
fn the_default_schema_makes_the_email_everything_that_it_can_be() {
    let mut traits =
        json!({ "email": "Ada@Example.org", "name": { "first": "Ada", "last": "Lovelace" } });
    let derived = default_schema().check(&mut traits).expect("fits");
    assert_eq!(traits["email"], "Ada@Example.org", "traits keep their case");
    let ada = "ada@example.org".to_owned();
    assert_eq!(derived.password, BTreeSet::from([ada.clone()]));
    assert_eq!(derived.code, BTreeMap::from([(ada.clone(), Via::Email)]));
    assert_eq!(
        derived.verifiable,
        BTreeSet::from([(Via::Email, ada.clone())])
    );
    assert_eq!(derived.recovery, BTreeSet::from([(Via::Email, ada)]));
    assert!(derived.webauthn.is_empty());
}

#[test]
fn the_default_schema_names_the_trait_that_is_wrong_and_never_its_value() {
    let schema = default_schema();
    for (traits, field, expected) in [
        (json!({}), "traits.email", "a value, because it is required"),
        (
            json!({ "email": "hunter2" }),
            "traits.email",
            "a value in the format `email`",
        ),
        (
            json!({ "email": 4711 }),
            "traits.email",
            "the type `string`",
        ),
        (
            json!({ "email": "a@b.c", "hunter2": 1 }),
            "traits.hunter2",
            "nothing, because",
        ),
        (
            json!({ "email": "a@b.c", "name": { "first": 4711 } }),
            "traits.name.first",
            "the type `string`",
        ),
    ] {
        let error = violation(&schema, traits);
        let envelope = error.envelope();
        assert_eq!(envelope.details["field"], field);
        assert!(
            envelope.details["expected"]
                .as_str()
                .expect("text")
                .contains(expected),
            "{envelope:?}"
        );
        assert!(envelope.message.contains(field));
        assert!(
            !serde_json::to_string(&envelope)
                .expect("serializes")
                .contains("4711")
        );
    }
    let error = violation(&schema, json!({ "email": "hunter2" }));
    assert!(
        !serde_json::to_string(error.envelope())
            .expect("serializes")
            .contains("hunter2")
    );
}

#[test]
fn all_faults_are_listed() {
    let error = violation(
        &default_schema(),
        json!({ "name": { "first": 1, "last": 2 } }),
    );
    assert_eq!(
        error.envelope().details["errors"]
            .as_array()
            .expect("a list")
            .len(),
        3
    );
}

#[test]
fn traits_that_are_no_object_are_refused() {
    for traits in [json!(null), json!([]), json!("x")] {
        assert_eq!(
            violation(&compiled(json!(true)), traits).envelope().details["field"],
            "traits"
        );
    }
}

#[test]
fn identifiers_come_from_lists_references_and_every_branch_of_all_of() {
    let email = json!({ "type": "string", "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } });
    let schema = IdentitySchema::compile(
        "test",
        &json!({
            "definitions": { "login": email },
            "properties": { "traits": { "allOf": [
                { "properties": { "emails": { "type": "array", "items": { "$ref": "#/definitions/login" } } } },
                { "properties": { "user": { "$ref": "#/definitions/login" } } },
            ] } },
        }),
    )
    .expect("compiles");
    let derived = schema
        .check(&mut json!({ "emails": ["A", "b"], "user": "Ada" }))
        .expect("fits");
    assert_eq!(
        derived.password,
        ["a", "ada", "b"].map(str::to_owned).into()
    );
}

#[test]
fn an_alternative_counts_only_where_the_value_fits_it() {
    let schema = compiled(json!({ "properties": { "contact": { "oneOf": [
        { "type": "string", "format": "email", "ory.sh/kratos": { "verification": { "via": "email" } } },
        { "type": "string", "format": "tel", "ory.sh/kratos": { "verification": { "via": "sms" } } },
    ] } } }));
    let mut traits = json!({ "contact": "Ada@Example.org" });
    let derived = schema.check(&mut traits).expect("fits");
    assert_eq!(
        derived.verifiable,
        BTreeSet::from([(Via::Email, "ada@example.org".to_owned())])
    );
    let mut traits = json!({ "contact": "+1 650-253-0000" });
    let derived = schema.check(&mut traits).expect("fits");
    assert_eq!(
        derived.verifiable,
        BTreeSet::from([(Via::Sms, "+16502530000".to_owned())])
    );
    assert_eq!(
        traits["contact"], "+16502530000",
        "phone numbers are rewritten in the traits"
    );
    violation(&schema, json!({ "contact": "neither" }));
}

#[test]
fn an_alternative_below_a_reference_is_found() {
    let schema = IdentitySchema::compile(
        "test",
        &json!({
            "definitions": { "a/b~c": { "anyOf": [
                { "type": "string", "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } },
                { "type": "null" },
            ] } },
            "properties": { "traits": { "properties": { "login": { "$ref": "#/definitions/a~1b~0c" } } } },
        }),
    )
    .expect("compiles");
    let derived = schema.check(&mut json!({ "login": "Ada" })).expect("fits");
    assert_eq!(derived.password, BTreeSet::from(["ada".to_owned()]));
}

#[test]
fn the_format_follows_the_channel_unless_the_schema_names_one() {
    let contact = |format: Option<&str>| {
        let mut contact =
            json!({ "type": "string", "ory.sh/kratos": { "recovery": { "via": "email" } } });
        if let Some(format) = format {
            contact["format"] = format.into();
        }
        compiled(json!({ "properties": { "contact": contact } }))
    };
    violation(&contact(None), json!({ "contact": "no address" }));
    violation(&contact(Some("email")), json!({ "contact": "no address" }));
    let derived = contact(Some("no-validate"))
        .check(&mut json!({ "contact": "No Address" }))
        .expect("fits");
    assert_eq!(
        derived.recovery,
        BTreeSet::from([(Via::Email, "no address".to_owned())])
    );
}

#[test]
fn identifiers_are_strings_of_255_characters_at_most() {
    let schema = compiled(json!({ "properties": {
        "login": { "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } },
    } }));
    let derived = schema
        .check(&mut json!({ "login": "x".repeat(255) }))
        .expect("fits");
    assert_eq!(derived.password.len(), 1);
    for login in [
        json!("x".repeat(256)),
        json!("x".repeat(100_000)),
        json!(1),
        json!(["x"]),
        json!("\u{200b}"),
    ] {
        assert_eq!(
            violation(&schema, json!({ "login": login }))
                .envelope()
                .details["field"],
            "traits.login"
        );
    }
    for login in [json!(""), json!(null)] {
        assert_eq!(
            schema
                .check(&mut json!({ "login": login }))
                .expect("nothing to take"),
            Derived::default()
        );
    }
}

#[test]
fn the_extension_is_checked_strictly_and_the_fault_named() {
    for (extension, place) in [
        (json!(1), ""),
        (json!({ "credential": {} }), "/credential"),
        (json!({ "credentials": { "sms": {} } }), "/credentials/sms"),
        (
            json!({ "credentials": { "password": { "identifier": "yes" } } }),
            "/credentials/password/identifier",
        ),
        (
            json!({ "credentials": { "password": { "via": "email" } } }),
            "/credentials/password/via",
        ),
        (
            json!({ "credentials": { "code": { "identifier": true } } }),
            "/credentials/code/via",
        ),
        (
            json!({ "credentials": { "code": { "identifier": true, "via": "fax" } } }),
            "/credentials/code/via",
        ),
        (
            json!({ "verification": { "via": "fax" } }),
            "/verification/via",
        ),
        (json!({ "verification": {} }), "/verification/via"),
        (json!({ "recovery": { "by": "email" } }), "/recovery/by"),
        (
            json!({ "organizations": { "matcher": "name" } }),
            "/organizations/matcher",
        ),
        (
            json!({ "verification": { "via": "email" }, "recovery": { "via": "sms" } }),
            "",
        ),
    ] {
        let error = refused(&with_traits(
            json!({ "properties": { "email": { "ory.sh/kratos": extension } } }),
        ));
        assert_eq!(
            path(&error),
            format!("#/properties/traits/properties/email/ory.sh~1kratos{place}")
        );
    }
    for extension in [
        json!({ "credentials": { "passkey": { "display_name": true }, "totp": { "account_name": true } } }),
        json!({ "organizations": { "matcher": "email_domain" } }),
        json!({ "credentials": { "webauthn": { "identifier": true } } }),
    ] {
        compiled(json!({ "properties": { "email": { "ory.sh/kratos": extension } } }));
    }
}

#[test]
fn the_extension_is_refused_where_it_would_have_no_effect() {
    let login =
        json!({ "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } });
    for traits in [
        json!({ "additionalProperties": login }),
        json!({ "patternProperties": { "^x": login } }),
        json!({ "not": login }),
        json!({ "if": login }),
        json!({ "dependencies": { "a": { "properties": { "b": login } } } }),
    ] {
        refused(&with_traits(traits));
    }
    let beside = json!({ "$ref": "#/definitions/a", "ory.sh/kratos": {} });
    refused(
        &json!({ "definitions": { "a": {} }, "properties": { "traits": { "properties": { "a": beside } } } }),
    );
}

#[test]
fn faulty_documents_are_refused_by_place() {
    for (document, place) in [
        (json!([]), "#"),
        (json!({}), "#/properties/traits"),
        (
            with_traits(json!({ "type": "strin" })),
            "#/properties/traits/type",
        ),
        (
            with_traits(json!({ "properties": { "a": { "maxLength": -1 } } })),
            "#/properties/traits/properties/a/maxLength",
        ),
        (
            with_traits(json!({ "properties": { "a": 1 } })),
            "#/properties/traits/properties/a",
        ),
        (
            with_traits(json!({ "properties": [] })),
            "#/properties/traits/properties",
        ),
        (
            with_traits(json!({ "pattern": "(" })),
            "#/properties/traits/pattern",
        ),
        (
            with_traits(json!({ "pattern": "(?=a)b" })),
            "#/properties/traits/pattern",
        ),
        (
            with_traits(json!({ "pattern": "(a)\\1" })),
            "#/properties/traits/pattern",
        ),
        (
            json!({ "$schema": "https://example.org/own", "properties": { "traits": {} } }),
            "#/$schema",
        ),
        (
            with_traits(json!({ "$id": "https://example.org/other" })),
            "#/properties/traits/$id",
        ),
    ] {
        assert_eq!(path(&refused(&document)), place, "{document}");
    }
}

#[test]
fn every_common_draft_is_taken() {
    for draft in [
        "http://json-schema.org/draft-04/schema#",
        "http://json-schema.org/draft-06/schema#",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2019-09/schema",
        "https://json-schema.org/draft/2020-12/schema",
    ] {
        let document = json!({
            "$schema": draft,
            "$id": "https://example.org/person.json",
            "type": "object",
            "properties": { "traits": { "properties": { "mail": { "type": "string", "format": "email" } } } },
        });
        let document = if draft.contains("draft-04") {
            let mut document = document;
            document["id"] = document["$id"].take();
            document.as_object_mut().expect("an object").remove("$id");
            document
        } else {
            document
        };
        let schema = IdentitySchema::compile("test", &document).expect(draft);
        assert!(schema.check(&mut json!({ "mail": "a@b.c" })).is_ok());
        assert!(
            schema.check(&mut json!({ "mail": "x" })).is_err(),
            "formats are checked in {draft}"
        );
    }
}

#[test]
fn schema_ids_are_capped() {
    let document = IdentitySchema::default_document();
    for id in ["", "a\nb", &"x".repeat(2049)] {
        let error = IdentitySchema::compile(id, &document).expect_err("is refused");
        assert_eq!(error.envelope().details["field"], "schema_id");
    }
    assert!(IdentitySchema::compile(&"x".repeat(2048), &document).is_ok());
}

//! What a schema may refer to and cost.

use std::time::{Duration, Instant};

use super::*;

#[test]
fn abuse_51_references_out_of_the_document_are_refused_without_a_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    listener.set_nonblocking(true).expect("sets");
    let address = listener.local_addr().expect("has one");
    for reference in [
        format!("http://{address}/schema.json"),
        format!("http://{address}/schema.json#/definitions/a"),
        "file:///etc/passwd".to_owned(),
        "other.json".to_owned(),
        "#name".to_owned(),
        "#/definitions/%61".to_owned(),
        "#/definitions/absent".to_owned(),
        String::new(),
    ] {
        let error = refused(&with_traits(
            json!({ "properties": { "a": { "$ref": reference } } }),
        ));
        assert_eq!(path(&error), "#/properties/traits/properties/a/$ref");
        // Also where nothing uses it.
        refused(
            &json!({ "definitions": { "a": { "$ref": reference } }, "properties": { "traits": {} } }),
        );
    }
    // An id can't make a local reference a foreign one.
    let document = json!({
        "$id": format!("http://{address}/"),
        "definitions": { "a": { "type": "string" } },
        "properties": { "traits": { "properties": { "a": { "$ref": "#/definitions/a" } } } },
    });
    IdentitySchema::compile("test", &document).expect("nothing to fetch");
    refused(
        &json!({ "$schema": format!("http://{address}/meta"), "properties": { "traits": {} } }),
    );
    assert_eq!(
        listener.accept().expect_err("nobody came").kind(),
        std::io::ErrorKind::WouldBlock
    );
}

#[test]
fn abuse_52_fan_out_of_alternatives_and_references_is_refused_at_once() {
    let fanned_out = |levels: usize| {
        let mut definitions: Map<String, Value> = (0..levels)
            .map(|level| {
                let next = json!({ "$ref": format!("#/definitions/l{}", level + 1) });
                (format!("l{level}"), json!({ "anyOf": [next, next] }))
            })
            .collect();
        definitions.insert(format!("l{levels}"), json!({ "type": "string" }));
        json!({
            "definitions": definitions,
            "properties": { "traits": { "properties": { "a": { "$ref": "#/definitions/l0" } } } },
        })
    };
    let begun = Instant::now();
    assert!(
        refused(&fanned_out(26))
            .envelope()
            .message
            .contains("nested deeper")
    );
    assert!(
        refused(&fanned_out(12))
            .envelope()
            .message
            .contains("2000 subschemas")
    );
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn recursion_through_references_is_refused() {
    for document in [
        with_traits(json!({ "properties": { "child": { "$ref": "#/properties/traits" } } })),
        with_traits(json!({ "$ref": "#" })),
        json!({
            "definitions": { "a": { "$ref": "#/definitions/b" }, "b": { "items": { "$ref": "#/definitions/a" } } },
            "properties": { "traits": {} },
        }),
    ] {
        assert!(refused(&document).envelope().message.contains("recursion"));
    }
}

#[test]
fn size_depth_and_patterns_are_capped() {
    refused(&with_traits(json!({ "description": "x".repeat(MAX_TEXT) })));
    let nested = (0..MAX_DEPTH).fold(json!({}), |inner, _| json!({ "not": inner }));
    refused(&with_traits(nested));
    let nested = (0..65).fold(json!({}), |inner, _| json!([inner]));
    refused(&with_traits(json!({ "default": nested })));
    refused(&with_traits(
        json!({ "pattern": "a".repeat(MAX_PATTERN + 1) }),
    ));
    let many: Map<String, Value> = (0..=MAX_PATTERNS)
        .map(|n| (format!("p{n}"), json!({ "pattern": "a" })))
        .collect();
    refused(&with_traits(json!({ "properties": many })));
    // Small to write, large when compiled.
    refused(&with_traits(
        json!({ "pattern": "((a{1000}){1000}){1000}" }),
    ));
}

#[test]
fn a_pattern_that_makes_backtracking_engines_burn_is_linear_here() {
    let schema = compiled(json!({ "properties": { "a": { "pattern": "^(a+)+$" } } }));
    let begun = Instant::now();
    violation(&schema, json!({ "a": format!("{}!", "a".repeat(100_000)) }));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn the_dearest_schema_that_is_taken_checks_the_largest_traits_in_bounded_time() {
    let branches: Vec<Value> = (0..800)
        .map(|n| json!({ "type": "integer", "minimum": -n }))
        .collect();
    let options: Vec<i64> = (0..3_000).collect();
    let schema = compiled(
        json!({ "properties": { "list": { "type": "array", "uniqueItems": true, "items": {
        "allOf": branches, "not": { "enum": options },
    } } } }),
    );
    let list: Vec<i64> = (10_000..19_900).collect();
    let begun = Instant::now();
    schema.check(&mut json!({ "list": list })).expect("fits");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "without optimisation: {:?}",
        begun.elapsed()
    );
}

#[test]
fn traits_are_capped_in_bytes_and_values() {
    let schema = compiled(json!({ "type": "object" }));
    for traits in [
        json!({ "a": "x".repeat(MAX_TRAITS) }),
        json!({ "a": vec![0; MAX_VALUES] }),
    ] {
        assert_eq!(
            violation(&schema, traits).envelope().details["field"],
            "traits"
        );
    }
    let options: Vec<usize> = (0..=MAX_OPTIONS).collect();
    assert_eq!(
        path(&refused(&with_traits(json!({ "enum": options })))),
        "#/properties/traits/enum"
    );
}

#[test]
fn traits_give_an_identity_only_so_many_identifiers() {
    let schema = compiled(json!({ "properties": { "logins": { "items": {
        "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } },
    } } } }));
    let logins =
        |count: usize| json!({ "logins": (0..count).map(|n| n.to_string()).collect::<Vec<_>>() });
    assert!(schema.check(&mut logins(MAX_DERIVED)).is_ok());
    assert_eq!(
        violation(&schema, logins(MAX_DERIVED + 1))
            .envelope()
            .details["field"],
        "traits"
    );
}

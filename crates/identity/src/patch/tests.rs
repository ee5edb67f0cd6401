use proptest::prelude::*;
use serde_json::json;

use super::*;

fn patched(mut document: Value, operations: Value) -> Result<Value> {
    Patch::from_value(operations)?.apply(&mut document)?;
    Ok(document)
}

fn refused(document: Value, operations: Value) -> Error {
    patched(document, operations).expect_err("is refused")
}

#[test]
fn the_six_operations_do_what_the_rfc_says() {
    for (before, operations, after) in [
        (
            json!({}),
            json!([{ "op": "add", "path": "/a", "value": 1 }]),
            json!({ "a": 1 }),
        ),
        (
            json!({ "a": [1, 3] }),
            json!([{ "op": "add", "path": "/a/1", "value": 2 }]),
            json!({ "a": [1, 2, 3] }),
        ),
        (
            json!({ "a": [1] }),
            json!([{ "op": "add", "path": "/a/-", "value": 2 }]),
            json!({ "a": [1, 2] }),
        ),
        (
            json!({ "a": [1] }),
            json!([{ "op": "add", "path": "/a/1", "value": 2 }]),
            json!({ "a": [1, 2] }),
        ),
        (
            json!({ "a": 1, "b": 2 }),
            json!([{ "op": "remove", "path": "/a" }]),
            json!({ "b": 2 }),
        ),
        (
            json!({ "a": [1, 2] }),
            json!([{ "op": "remove", "path": "/a/0" }]),
            json!({ "a": [2] }),
        ),
        (
            json!({ "a": 1 }),
            json!([{ "op": "replace", "path": "/a", "value": null }]),
            json!({ "a": null }),
        ),
        (
            json!({ "a": 1 }),
            json!([{ "op": "move", "from": "/a", "path": "/b" }]),
            json!({ "b": 1 }),
        ),
        (
            json!({ "a": [1, 2] }),
            json!([{ "op": "move", "from": "/a/0", "path": "/a/1" }]),
            json!({ "a": [2, 1] }),
        ),
        (
            json!({ "a": 1 }),
            json!([{ "op": "move", "from": "/a", "path": "/a" }]),
            json!({ "a": 1 }),
        ),
        (
            json!({ "a": [1] }),
            json!([{ "op": "copy", "from": "/a", "path": "/b" }]),
            json!({ "a": [1], "b": [1] }),
        ),
        (
            json!({ "a/b~": 1.0 }),
            json!([{ "op": "test", "path": "/a~1b~0", "value": 1 }]),
            json!({ "a/b~": 1.0 }),
        ),
        (
            json!({ "": 1 }),
            json!([{ "op": "replace", "path": "/", "value": 2 }]),
            json!({ "": 2 }),
        ),
    ] {
        assert_eq!(
            patched(before, operations.clone()).expect("applies"),
            after,
            "{operations}"
        );
    }
}

#[test]
fn the_leniencies_of_the_dialect_hold() {
    let add = |path: &str| json!([{ "op": "add", "path": path, "value": 1 }]);
    let replace = |path: &str| json!([{ "op": "replace", "path": path, "value": 1 }]);
    assert_eq!(
        patched(json!({}), add("/a/b/c")).expect("makes parents"),
        json!({ "a": { "b": { "c": 1 } } })
    );
    assert_eq!(
        patched(json!({ "a": null }), add("/a/b")).expect("null is a parent"),
        json!({ "a": { "b": 1 } })
    );
    assert_eq!(
        patched(json!({}), add("/a/-")).expect("makes a list"),
        json!({ "a": [1] })
    );
    assert_eq!(
        patched(json!({}), add("/a/0/b")).expect("makes a list"),
        json!({ "a": [{ "b": 1 }] })
    );
    assert_eq!(
        patched(json!({}), replace("/a/b")).expect("adds"),
        json!({ "a": { "b": 1 } })
    );
    refused(json!({ "a": [] }), replace("/a/0"));
    refused(json!({ "a": [] }), replace("/a/-"));
}

#[test]
fn what_does_not_exist_can_not_be_removed_moved_copied_or_tested() {
    for operation in [
        json!({ "op": "remove", "path": "/b" }),
        json!({ "op": "remove", "path": "/a/5" }),
        json!({ "op": "remove", "path": "/a/-" }),
        json!({ "op": "remove", "path": "/a/00" }),
        json!({ "op": "remove", "path": "" }),
        json!({ "op": "move", "from": "/b", "path": "/c" }),
        json!({ "op": "move", "from": "/a", "path": "/a/0" }),
        json!({ "op": "copy", "from": "/b", "path": "/c" }),
        json!({ "op": "test", "path": "/b", "value": null }),
        json!({ "op": "test", "path": "/a", "value": [2] }),
        json!({ "op": "add", "path": "/a/5", "value": 1 }),
        json!({ "op": "add", "path": "/a/1000000000/b", "value": 1 }),
        json!({ "op": "add", "path": "/a/0/b", "value": 1 }),
    ] {
        let error = refused(json!({ "a": [1] }), json!([operation]));
        assert_eq!(error.code(), Code::InvalidPatch, "{operation}");
        assert_eq!(error.envelope().details["operation"], 0);
    }
}

#[test]
fn a_failed_test_does_not_tell_what_is_there() {
    let error = refused(
        json!({ "a": "hunter2" }),
        json!([{ "op": "test", "path": "/a", "value": "x" }]),
    );
    assert!(
        !serde_json::to_string(error.envelope())
            .expect("serializes")
            .contains("hunter2")
    );
}

#[test]
fn abuse_50_copies_do_not_amplify_a_document_beyond_the_cap() {
    let doubling: Vec<Value> = (0..20)
        .map(|round| json!({ "op": "copy", "from": "/a", "path": format!("/a/x{round}") }))
        .collect();
    let error = refused(
        json!({ "a": { "seed": "0123456789".repeat(4) } }),
        json!(doubling),
    );
    assert_eq!(error.code(), Code::BodyTooLarge);
    let large = json!({ "a": "x".repeat(600_000) });
    let error = refused(large, json!([{ "op": "copy", "from": "/a", "path": "/b" }]));
    assert_eq!(error.code(), Code::BodyTooLarge);
}

#[test]
fn abuse_53_a_patch_can_not_nest_a_document_deeper_than_a_body_may_be() {
    let nesting: Vec<Value> = (0..100)
        .map(|_| json!({ "op": "copy", "from": "/a", "path": "/a/a" }))
        .collect();
    let error = refused(json!({ "a": {} }), json!(nesting));
    assert_eq!(error.code(), Code::InvalidPatch);
    let path = "/a".repeat(65);
    assert!(Patch::from_value(json!([{ "op": "add", "path": path, "value": 1 }])).is_err());
}

#[test]
fn the_measured_size_is_that_of_the_text() {
    for value in [
        json!(null),
        json!(true),
        json!([]),
        json!([1, "a\"b\n"]),
        json!({ "a": { "b": [-1.5] }, "ü": "x" }),
    ] {
        let mut left = MAX_DOCUMENT;
        apply::measure(&value, 0, &mut left).expect("fits");
        let (measured, written) = (MAX_DOCUMENT - left, value.to_string().len());
        assert!(
            measured >= written && measured <= written + 12,
            "{value}: {measured}, {written}"
        );
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-c~/0-]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[ab0-1]{0,2}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_operation() -> impl Strategy<Value = Value> {
    let pointer = || "(/[ab01-]{0,2}){0,3}";
    ("add|remove|replace|move|copy|test|x", pointer(), pointer(), any_json())
        .prop_map(|(op, path, from, value)| json!({ "op": op, "path": path, "from": from, "value": value }))
}

proptest! {
    #[test]
    fn any_patch_applies_or_is_refused_and_never_panics(
        mut document in any_json(),
        operations in proptest::collection::vec(any_operation(), 0..6),
        other in any_json(),
    ) {
        if let Ok(patch) = Patch::from_value(Value::from(operations)) {
            drop(patch.apply(&mut document));
        }
        if let Ok(patch) = Patch::from_value(other) {
            drop(patch.apply(&mut document));
        }
    }
}

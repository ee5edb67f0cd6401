//! PATCH of any kind, and what is meant to hurt.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{ada, patch};
use crate::schema::ResourceType;
use crate::{limits, urn};

#[test]
fn abuse_50_a_short_patch_does_not_make_a_large_resource() {
    let emails: Vec<Value> = (0..limits::MAX_VALUES)
        .map(|n| json!({"value": n.to_string(), "type": "x"}))
        .collect();
    let before = json!({"userName": "a", "emails": emails});
    let long = "x".repeat(limits::MAX_STRING_BYTES);
    let wide = json!([{"op": "replace", "path": "emails[type eq \"x\"].display", "value": long}]);
    let error = patch(&ResourceType::user(), &before, &wide).expect_err("is 8 MB");
    assert_eq!(error.code().status(), 413);
    let more = json!([{"op": "add", "path": "emails", "value": {"value": "more"}}]);
    assert_eq!(
        patch(&ResourceType::user(), &before, &more)
            .expect_err("is full")
            .code()
            .status(),
        413
    );
    let looks = vec![
        json!({"op": "replace", "path": format!("emails[{}].display", vec!["value eq \"y\""; 100].join(" or ")), "value": ""});
        1_000
    ];
    let begun = std::time::Instant::now();
    let error =
        patch(&ResourceType::user(), &before, &Value::Array(looks)).expect_err("takes too long");
    assert_eq!(error.code().status(), 413);
    assert!(begun.elapsed().as_secs() < 5);
    let many: Vec<Value> = (0..=limits::MAX_MEMBERS_NAMED)
        .map(|n| json!({"value": n.to_string()}))
        .collect();
    let many = json!([{"op": "add", "path": "members", "value": many}]);
    let error =
        patch(&ResourceType::group(), &json!({"displayName": "G"}), &many).expect_err("too many");
    assert_eq!(error.code().status(), 413);
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        proptest::sample::select(vec!["", "x", "True", "a@x", "work", "m"]).prop_map(Value::from),
    ];
    let keys = proptest::sample::select(vec![
        "value",
        "type",
        "primary",
        "userName",
        "name.givenName",
        "emails",
        "manager",
        "$ref",
        "members",
        "password",
        "emails[type eq \"work\"].value",
        urn::ENTERPRISE_USER,
        "active",
        "addresses",
        "groups",
        "id",
    ]);
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::hash_map(keys.clone(), inner, 0..4).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let op = proptest::sample::select(vec!["add", "Replace", "REMOVE", "test"]);
    let path = proptest::option::of(proptest::sample::select(vec![
        "userName",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        "emails[type eq \"work\"]",
        "emails[type eq \"work\"].value",
        "emails[primary eq true].type",
        "addresses[type eq \"home\"].region",
        "manager",
        "members",
        "members[value eq \"m\"]",
        "active",
        "password",
        urn::ENTERPRISE_USER,
        "groups",
        "roles",
        "emails[not (type pr)]",
        "photos[value sw \"x\"]",
        "",
    ]));
    (op, path, anything())
        .prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}))
}

proptest! {
    #[test]
    fn whatever_is_sent_the_state_after_is_one_that_could_have_been_posted(
        operations in proptest::collection::vec(operation(), 1..6)
    ) {
        for of in [ResourceType::user(), ResourceType::group()] {
            let before = if of.name() == "User" { ada() } else { json!({"displayName": "G"}) };
            let Ok(patched) = patch(&of, &before, &Value::Array(operations.clone())) else {
                continue;
            };
            let kept = Value::Object(patched.resource.clone().into_map());
            let posted = crate::resource::Incoming::create(&kept, &of).expect("could be posted").resource;
            let mut posted = posted.into_map();
            if kept.get("active").is_none() {
                posted.remove("active");
            }
            prop_assert_eq!(kept, Value::Object(posted));
        }
    }
}

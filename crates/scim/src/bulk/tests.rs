//! Bulk requests.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::error::scim_type;
use crate::urn;

fn bulk(operations: Value) -> BulkRequest {
    parse(&json!({"schemas": [urn::BULK_REQUEST], "Operations": operations})).expect("reads")
}

fn parse(body: &Value) -> Result<BulkRequest> {
    let (user, group) = (ResourceType::user(), ResourceType::group());
    BulkRequest::parse(body, &[&user, &group])
}

fn user(bulk_id: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {"userName": bulk_id}})
}

fn group(bulk_id: &str, member: &str) -> Value {
    let member = format!("bulkId:{member}");
    json!({
        "method": "post", "path": "/Groups", "bulkId": bulk_id,
        "data": {"displayName": bulk_id, "members": [{"value": "known"}, {"value": member, "type": "Group"}]}
    })
}

fn run(operation: usize) -> Step {
    Step::Run {
        operation,
        without: Vec::new(),
    }
}

#[test]
fn operations_without_references_keep_their_order() {
    let request = bulk(json!([
        user("a"),
        {"method": "DELETE", "path": "/Users/1"},
        {"method": "PATCH", "path": "/Groups/2", "data": {"Operations": []}, "version": "W/\"1\""},
        user("b")
    ]));
    assert_eq!(plan(&request.operations), [run(0), run(1), run(2), run(3)]);
    let call = request.operations[2].call.as_ref().expect("reads");
    assert_eq!(
        (call.method, call.resource_type),
        (BulkMethod::Patch, "Group")
    );
    assert_eq!(call.version.as_deref(), Some("W/\"1\""));
    assert_eq!(call.id(&BulkIds::new()).expect("is an id"), Some("2"));
}

#[test]
fn a_forward_reference_waits_for_what_it_names() {
    let request = bulk(json!([group("g", "u"), user("v"), user("u")]));
    assert_eq!(plan(&request.operations), [run(1), run(2), run(0)]);
    let ids = BulkIds::from([("u".to_owned(), "id-u".to_owned())]);
    let call = request.operations[0].call.as_ref().expect("reads");
    assert_eq!(
        call.data(&ids, &[]).expect("is known")["members"][1],
        json!({"value": "id-u", "type": "Group"})
    );
}

#[test]
fn a_reference_in_a_path_waits_too_and_one_resource_keeps_its_order() {
    let request = bulk(json!([
        {"method": "PATCH", "path": "/Users/bulkId:u", "data": {"Operations": []}},
        {"method": "PATCH", "path": "/Groups/1", "data": {"Operations": [{"op": "add", "path": "members", "value": [{"value": "bulkId:u"}]}]}},
        {"method": "DELETE", "path": "/Groups/1"},
        user("u")
    ]));
    assert_eq!(plan(&request.operations), [run(3), run(0), run(1), run(2)]);
    let call = request.operations[0].call.as_ref().expect("reads");
    let ids = BulkIds::from([("u".to_owned(), "id-u".to_owned())]);
    assert_eq!(call.id(&ids).expect("is known"), Some("id-u"));
}

#[test]
fn a_reference_within_the_path_of_a_patch_is_one_too() {
    let request = bulk(json!([
        {"method": "PATCH", "path": "/Groups/1", "data": {"Operations": [
            {"op": "remove", "path": "members[value eq \"bulkId:u\" or value eq \"x\" or value eq \"bulkId:v\"]"}
        ]}},
        user("u"), user("v")
    ]));
    assert_eq!(plan(&request.operations), [run(1), run(2), run(0)]);
    let call = request.operations[0].call.as_ref().expect("reads");
    let mut ids = BulkIds::from([("u".to_owned(), "1".to_owned())]);
    assert_eq!(
        call.data(&ids, &[])
            .expect_err("v is not there")
            .code()
            .status(),
        409
    );
    ids.insert("v".to_owned(), "2".to_owned());
    assert_eq!(
        call.data(&ids, &[]).expect("all are there")["Operations"][0]["path"],
        "members[value eq \"1\" or value eq \"x\" or value eq \"2\"]"
    );
}

#[test]
fn abuse_48_a_circle_is_created_without_the_reference_and_completed() {
    let request = bulk(json!([group("a", "b"), group("b", "a")]));
    let without = vec!["b".to_owned()];
    assert_eq!(
        plan(&request.operations),
        [
            Step::Run {
                operation: 0,
                without: without.clone()
            },
            run(1),
            Step::Complete {
                operation: 0,
                without: without.clone()
            }
        ]
    );
    let call = request.operations[0].call.as_ref().expect("reads");
    let none = BulkIds::new();
    assert_eq!(
        call.data(&none, &without).expect("is left out"),
        json!({"displayName": "a", "members": [{"value": "known"}]})
    );
    assert_eq!(
        call.completion(&none, &without)
            .expect_err("is not there")
            .code()
            .status(),
        409
    );
    let ids = BulkIds::from([("b".to_owned(), "id-b".to_owned())]);
    let completion = call.completion(&ids, &without).expect("is there");
    assert_eq!(
        completion.operations[0].value,
        Some(json!({"members": [{"value": "id-b", "type": "Group"}]}))
    );
}

#[test]
fn a_circle_of_managers_is_completed_in_the_extension() {
    let user = |name: &str, manager: &str| {
        json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {
            "userName": name, urn::ENTERPRISE_USER: {"department": "D", "manager": {"value": format!("bulkId:{manager}")}}
        }})
    };
    let request = bulk(json!([user("a", "b"), user("b", "a")]));
    let without = vec!["b".to_owned()];
    let call = request.operations[0].call.as_ref().expect("reads");
    let data = call.data(&BulkIds::new(), &without).expect("is left out");
    assert_eq!(data[urn::ENTERPRISE_USER], json!({"department": "D"}));
    let ids = BulkIds::from([("b".to_owned(), "id-b".to_owned())]);
    let completion = call.completion(&ids, &without).expect("is there");
    assert_eq!(
        completion.operations[0].value,
        Some(json!({urn::ENTERPRISE_USER: {"manager": {"value": "id-b"}}}))
    );
}

#[test]
fn abuse_48_a_reference_to_nothing_is_409_and_never_an_id() {
    let request = bulk(json!([
        group("g", "nobody"),
        {"method": "DELETE", "path": "/Users/bulkId:nobody"}
    ]));
    let none = BulkIds::new();
    for error in [
        request.operations[0]
            .call
            .as_ref()
            .expect("reads")
            .data(&none, &[])
            .expect_err("is nothing"),
        request.operations[1]
            .call
            .as_ref()
            .expect("reads")
            .id(&none)
            .map(drop)
            .expect_err("is nothing"),
    ] {
        assert_eq!(error.code().status(), 409);
        assert_eq!(scim_type(&error), Some(ScimType::InvalidValue));
    }
    assert_eq!(plan(&request.operations), [run(0), run(1)]);
}

#[test]
fn abuse_48_too_many_operations_are_413_and_a_repeated_bulk_id_400() {
    let many: Vec<Value> = (0..=limits::MAX_BULK_OPERATIONS)
        .map(|n| user(&n.to_string()))
        .collect();
    let error = parse(&json!({"Operations": many})).expect_err("too many");
    assert_eq!(error.code().status(), 413);
    let error = parse(&json!({"Operations": [user("a"), user("a")]})).expect_err("stands twice");
    assert_eq!(error.code().status(), 400);
    for body in [
        json!([]),
        json!({}),
        json!({"Operations": {}}),
        json!({"Operations": [], "failOnErrors": 0}),
        json!({"Operations": [], "failOnErrors": "1"}),
    ] {
        let error = parse(&body).expect_err("is no bulk request");
        assert_eq!(scim_type(&error), Some(ScimType::InvalidSyntax), "{body}");
    }
}

#[test]
fn an_operation_that_can_not_be_read_is_refused_alone() {
    let request = bulk(json!([
        user("a"),
        {"method": "POST", "path": "/Users", "data": {}},
        {"method": "POST", "path": "/Users/1", "bulkId": "x", "data": {}},
        {"method": "GET", "path": "/Users/1"},
        {"method": "PUT", "path": "/Users", "data": {}},
        {"method": "PUT", "path": "/Users/1"},
        {"method": "POST", "path": "/Bulk", "bulkId": "y", "data": {}},
        {"method": "PATCH", "path": "/Users/1/2", "data": {}},
        {"method": "PATCH", "path": "/Nothing/1", "data": {}},
        {"method": "PATCH", "path": 5, "data": {}},
        7
    ]));
    for (index, operation) in request.operations.iter().enumerate() {
        assert_eq!(operation.call.is_ok(), index == 0, "{operation:?}");
    }
    assert_eq!(plan(&request.operations).len(), 11);
    let refused = &request.operations[1];
    let error = refused.call.as_ref().expect_err("is refused");
    let shown = BulkResponse::new(vec![
        BulkResult::done(
            &request.operations[0],
            201,
            "https://x/Users/1".to_owned(),
            Some("W/\"1\"".to_owned()),
        ),
        BulkResult::refused(refused, None, error),
    ]);
    let shown = serde_json::to_value(shown).expect("serializes");
    assert_eq!(
        shown["Operations"][0],
        json!({"method": "POST", "bulkId": "a", "status": "201", "location": "https://x/Users/1", "version": "W/\"1\""})
    );
    assert_eq!(shown["Operations"][1]["status"], "400");
    assert_eq!(
        shown["Operations"][1]["response"]["scimType"],
        "invalidSyntax"
    );
}

#[test]
fn fail_on_errors_ends_after_so_many() {
    let of = |body: Value| parse(&body).expect("reads");
    let two = of(json!({"failOnErrors": 2, "Operations": []}));
    assert!(!two.ends_after(1) && two.ends_after(2) && two.ends_after(3));
    assert!(!of(json!({"Operations": []})).ends_after(1_000));
}

#[test]
fn a_thousand_operations_in_one_circle_are_planned_at_once() {
    let circle: Vec<Value> = (0..1_000)
        .map(|n| group(&n.to_string(), &((n + 1) % 1_000).to_string()))
        .collect();
    let request = bulk(Value::Array(circle));
    let begun = std::time::Instant::now();
    assert_eq!(plan(&request.operations).len(), 1_001);
    assert!(begun.elapsed().as_secs() < 2);
}

proptest! {
    #[test]
    fn every_operation_runs_once_and_after_what_it_needs(
        edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..30)
    ) {
        let operations: Vec<Value> = (0..12)
            .map(|n| {
                let members: Vec<Value> = edges
                    .iter()
                    .filter(|(from, _)| *from == n)
                    .map(|(_, to)| json!({"value": format!("bulkId:{to}")}))
                    .collect();
                json!({"method": "POST", "path": "/Groups", "bulkId": n.to_string(), "data": {"displayName": "g", "members": members}})
            })
            .collect();
        let request = bulk(Value::Array(operations));
        let mut ids = BulkIds::new();
        let mut left_out = 0;
        let mut completed = 0;
        for step in plan(&request.operations) {
            match step {
                Step::Run { operation, without } => {
                    let call = request.operations[operation].call.as_ref().expect("reads");
                    call.data(&ids, &without).expect("what it needs is there");
                    left_out += usize::from(!without.is_empty());
                    let before = ids.insert(operation.to_string(), "id".to_owned());
                    prop_assert!(before.is_none());
                }
                Step::Complete { operation, without } => {
                    let call = request.operations[operation].call.as_ref().expect("reads");
                    call.completion(&ids, &without).expect("all is there");
                    completed += 1;
                }
            }
        }
        prop_assert_eq!(ids.len(), 12);
        prop_assert_eq!(left_out, completed);
    }
}

//! Bulk requests, and lists of users and groups together.

use serde_json::{Value, json};

use super::{Client, ENTERPRISE, Refused as _, id};

async fn bulk(client: &Client, operations: Value) -> Value {
    let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
    client.post("/Bulk", body).await.expect(200).json()
}

fn statuses(answer: &Value) -> Vec<&str> {
    let operations = answer["Operations"].as_array().expect("a list");
    operations
        .iter()
        .map(|operation| operation["status"].as_str().expect("a text"))
        .collect()
}

fn created(operation: &Value) -> &str {
    let place = operation["location"].as_str().expect("a place");
    place.rsplit('/').next().expect("an id")
}

on_both_databases! {
    async fn operations_name_what_others_create_before_behind_and_in_circles(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let answer = bulk(&client, json!([
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "Tour guides", "members": [{"value": "bulkId:a"}]}},
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "alice", ENTERPRISE: {"manager": {"value": "bulkId:b"}}}},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"userName": "bob", ENTERPRISE: {"manager": {"value": "bulkId:a"}}}},
            {"method": "PATCH", "path": "/Users/bulkId:b", "data": {"Operations": [{"op": "replace", "path": "title", "value": "Guide"}]}}
        ])).await;
        assert_eq!(statuses(&answer), ["201", "201", "201", "200"], "{answer}");
        let operations = answer["Operations"].as_array().expect("a list");
        let (group, alice, bob) = (created(&operations[0]), created(&operations[1]), created(&operations[2]));
        let group = client.get(&format!("/Groups/{group}")).await.expect(200).json();
        assert_eq!(group["members"][0]["value"], alice);
        let read = async |id: &str| client.get(&format!("/Users/{id}")).await.expect(200).json();
        let (alice_now, bob_now) = (read(alice).await, read(bob).await);
        assert_eq!(alice_now[ENTERPRISE]["manager"]["value"], bob);
        assert_eq!(bob_now[ENTERPRISE]["manager"]["value"], alice);
        assert_eq!(bob_now["title"], "Guide");
        assert_eq!(operations[3]["version"], bob_now["meta"]["version"]);
    }

    async fn what_fails_fails_alone_unless_errors_end_the_request(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let other = Client::connect(&house.alpha.owner, "okta").await;
        let (mine, theirs) = (client.user("mine").await, other.user("theirs").await);
        let operations = json!([
            {"method": "POST", "path": "/Users", "bulkId": "1", "data": {"userName": "MINE"}},
            {"method": "DELETE", "path": format!("/Users/{}", id(&theirs))},
            {"method": "PUT", "path": format!("/Users/{}", id(&mine)), "version": "W/\"99\"", "data": {"userName": "mine"}},
            {"method": "POST", "path": "/Bulk", "bulkId": "2", "data": {}},
            {"method": "POST", "path": "/Groups", "bulkId": "3", "data": {"displayName": "g", "members": [{"value": "bulkId:1"}]}},
            {"method": "DELETE", "path": format!("/Users/{}", id(&mine))}
        ]);
        let ended = json!({"failOnErrors": 2, "Operations": operations});
        let answer = client.post("/Bulk", ended).await.expect(200).json();
        assert_eq!(statuses(&answer), ["409", "404"], "{answer}");
        let answer = bulk(&client, operations).await;
        assert_eq!(statuses(&answer), ["409", "404", "412", "400", "409", "204"], "{answer}");
        assert_eq!(answer["Operations"][0]["response"]["scimType"], "uniqueness");
        client.get(&format!("/Users/{}", id(&mine))).await.scim_refused(404, None);
        other.get(&format!("/Users/{}", id(&theirs))).await.expect(200);
    }

    async fn what_was_created_in_a_circle_is_completed_or_told_with_its_place(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let ended = json!({"failOnErrors": 1, "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "alice", ENTERPRISE: {"manager": {"value": "bulkId:b"}}}},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"userName": "bob", ENTERPRISE: {"manager": {"value": "bulkId:a"}}}},
            {"method": "PATCH", "path": "/Users/bulkId:b", "data": {"Operations": [{"op": "replace", "path": "nope", "value": 1}]}},
            {"method": "PATCH", "path": "/Users/bulkId:b", "data": {"Operations": [{"op": "replace", "path": "title", "value": "x"}]}}
        ]});
        let answer = client.post("/Bulk", ended).await.expect(200).json();
        assert_eq!(statuses(&answer), ["201", "201", "400"], "{answer}");
        let (alice, bob) = (created(&answer["Operations"][0]), created(&answer["Operations"][1]));
        let alice = client.get(&format!("/Users/{alice}")).await.expect(200).json();
        assert_eq!(alice[ENTERPRISE]["manager"]["value"], bob);
        assert_eq!(answer["Operations"][0]["version"], alice["meta"]["version"]);
        // Groups can't be in each other: the one that is there is named.
        let answer = bulk(&client, json!([
            {"method": "POST", "path": "/Groups", "bulkId": "x", "data": {"displayName": "X", "members": [{"value": "bulkId:y"}]}},
            {"method": "POST", "path": "/Groups", "bulkId": "y", "data": {"displayName": "Y", "members": [{"value": "bulkId:x"}]}}
        ])).await;
        assert_eq!(statuses(&answer), ["400", "201"], "{answer}");
        let there = created(&answer["Operations"][0]);
        assert_eq!(client.get(&format!("/Groups/{there}")).await.expect(200).json()["displayName"], "X");
    }

    async fn abuse_48_no_operation_of_a_bulk_request_reaches_another_connection(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let (_, elsewhere) = house.gateway.new_tenant("elsewhere").await;
        for other in [Client::connect(&house.alpha.owner, "okta").await, Client::connect(&elsewhere, "okta").await] {
            let user = other.user("theirs").await;
            let group = other.post("/Groups", json!({"displayName": "Theirs", "members": [{"value": id(&user)}]})).await.expect(201).json();
            let (user_path, group_path) = (format!("/Users/{}", id(&user)), format!("/Groups/{}", id(&group)));
            let title = json!({"Operations": [{"op": "replace", "path": "title", "value": "x"}]});
            let rename = json!({"Operations": [{"op": "replace", "path": "displayName", "value": "x"}]});
            let answer = bulk(&client, json!([
                {"method": "PUT", "path": user_path, "data": {"userName": "mine"}},
                {"method": "PATCH", "path": user_path, "data": title},
                {"method": "DELETE", "path": user_path},
                {"method": "PUT", "path": group_path, "data": {"displayName": "Mine"}},
                {"method": "PATCH", "path": group_path, "data": rename},
                {"method": "DELETE", "path": group_path},
                {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "Mine", "members": [{"value": id(&user)}]}},
                {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "mine", ENTERPRISE: {"manager": {"value": id(&user)}}}}
            ])).await;
            assert_eq!(statuses(&answer), ["404", "404", "404", "404", "404", "404", "400", "400"], "{answer}");
            let now = other.get(&user_path).await.expect(200).json();
            assert_eq!(now["meta"], user["meta"]);
            assert_eq!(other.get(&group_path).await.expect(200).json(), group);
        }
        assert_eq!(client.get("/Users").await.expect(200).json()["totalResults"], 0);
    }

    async fn abuse_48_bulk_requests_have_limits(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let operation = json!({"method": "DELETE", "path": "/Users/x"});
        client.post("/Bulk", json!({"Operations": vec![operation; 1_001]})).await.scim_refused(413, None);
        client.post("/Bulk", json!({"Operations": [], "x": "y".repeat(1_100_000)})).await.scim_refused(413, None);
        let twice = json!({"method": "POST", "path": "/Users", "bulkId": "1", "data": {"userName": "a"}});
        client.post("/Bulk", json!({"Operations": [twice, twice]})).await.scim_refused(400, Some("invalidValue"));
        client.post("/Bulk", json!({})).await.scim_refused(400, Some("invalidSyntax"));
    }

    async fn the_root_lists_users_and_groups_together(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        for name in ["a", "b"] {
            client.user(name).await;
            client.post("/Groups", json!({"displayName": name})).await.expect(201);
        }
        let all = client.get("/").await.expect(200).json();
        assert_eq!(all["totalResults"], 4);
        let search = json!({"filter": "meta.resourceType eq \"Group\" or userName eq \"b\"", "startIndex": 2, "count": 2});
        let found = client.post("/.search", search).await.expect(200).json();
        let kinds: Vec<&str> = found["Resources"].as_array().expect("a list").iter()
            .map(|resource| resource["meta"]["resourceType"].as_str().expect("a text")).collect();
        assert_eq!((&found["totalResults"], kinds), (&json!(3), vec!["Group", "Group"]));
        let nothing = client.post("/.search", json!({"filter": "nope eq 1"})).await;
        nothing.scim_refused(400, Some("invalidFilter"));
    }

    async fn discovery_says_what_is_there_and_takes_no_filter(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let config = client.get("/ServiceProviderConfig").await.expect(200).json();
        assert_eq!(config["bulk"]["supported"], true);
        assert_eq!(config["pagination"]["cursor"], true);
        let types = client.get("/ResourceTypes").await.expect(200).json();
        assert_eq!(types["totalResults"], 2);
        client.get("/ResourceTypes/Group").await.expect(200);
        client.get("/ResourceTypes/Device").await.scim_refused(404, None);
        let schemas = client.get("/Schemas").await.expect(200).json();
        assert_eq!(schemas["totalResults"], 3);
        client.get(&format!("/Schemas/{ENTERPRISE}")).await.expect(200);
        for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
            client.get(&format!("{path}?filter=name%20pr")).await.scim_refused(403, None);
            client.post(path, json!({})).await.scim_refused(405, None);
        }
    }
}

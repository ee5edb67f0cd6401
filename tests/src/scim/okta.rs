//! What Okta and Google send.

use reqwest::Method;
use serde_json::json;

use super::{Client, Refused as _, USER, id};
use crate::client::send;

on_both_databases! {
    async fn okta_01_and_02_connection_test_and_lookup(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let list = client.get("/Users?startIndex=1&count=2").await.expect(200).json();
        for name in ["totalResults", "itemsPerPage", "startIndex"] {
            assert!(list[name].is_u64(), "{name}");
        }
        let found = client.get("/Users?filter=userName%20eq%20%22x%40y%22&startIndex=1&count=100").await.expect(200).json();
        assert_eq!(found["totalResults"], 0);
    }

    async fn okta_03_to_05_a_users_life(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let body = json!({"schemas": [USER], "userName": "isaac@example.test", "name": {"givenName": "Isaac", "familyName": "Brock"},
            "emails": [{"primary": true, "value": "isaac@example.test", "type": "work"}], "displayName": "Isaac Brock",
            "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": true});
        let user = client.post("/Users", body.clone()).await.expect(201).json();
        assert_eq!(user["active"], true);
        client.post("/Users", body).await.scim_refused(409, Some("uniqueness"));
        let path = format!("/Users/{}", id(&user));
        let mut whole = client.get(&path).await.expect(200).json();
        assert_eq!(whole, user);
        whole["name"]["givenName"] = json!("Ike");
        whole["groups"] = json!([]);
        let put = client.put(&path, whole.clone()).await.expect(200).json();
        assert_eq!((&put["name"]["givenName"], &put["id"]), (&json!("Ike"), &user["id"]));
        let off = client.patch(&path, json!([{"op": "replace", "value": {"active": false}}])).await.expect(200).json();
        assert_eq!(off["active"], false);
        whole["active"] = json!(true);
        assert_eq!(client.put(&path, whole).await.expect(200).json()["active"], true);
        let password = client.patch(&path, json!([{"op": "replace", "value": {"password": "another one, longer"}}])).await.expect(200).json();
        assert!(password.get("password").is_none());
    }

    async fn okta_07_an_unknown_id_is_an_error_with_detail(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        for unknown in ["0190f3c0-0000-7000-8000-00000000000a", "010101001010101011001010101011"] {
            client.get(&format!("/Users/{unknown}")).await.scim_refused(404, None);
        }
    }

    async fn google_sends_plain_json_and_takes_nothing_else(house: House) {
        let client = Client::connect(&house.alpha.owner, "google").await;
        let body = json!({"schemas": ["urn:scim:schemas:core:1.0", USER], "userName": "g@example.test"});
        let request = client
            .request(Method::POST, "/Users")
            .header("accept", "application/json")
            .header("user-agent", "Google-Auto-Provisioning")
            .json(&body);
        let reply = send(request).await;
        assert!(reply.header("content-type").starts_with("application/json"));
        reply.expect(201);
    }
}

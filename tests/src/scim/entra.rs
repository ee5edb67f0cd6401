//! What Microsoft Entra ID sends.

use reqwest::Method;
use serde_json::json;

use super::{Client, ENTERPRISE, Refused as _, USER, id};
use crate::client::send;

on_both_databases! {
    async fn entra_01_the_connection_test_is_an_empty_list(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let found = client.filter("/Users", "externalId eq \"8c1f1c3b-64f5-4f6a-8bb8-2a1c0f1f0a11\"").await;
        assert_eq!((&found["totalResults"], &found["Resources"]), (&json!(0), &json!([])));
        client.get("/Users?aadOptscim062020&count=1").await.expect(200);
    }

    async fn entra_02_to_08_both_dialects_of_patch(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let boss = client.user("boss").await;
        let user = client.post("/Users", json!({"schemas": [USER, ENTERPRISE], "userName": "ada", "active": "True",
            "meta": {"resourceType": "User"}, "roles": [], "name": null, "externalId": "e-1"})).await.expect(201).json();
        assert_eq!(user["active"], true);
        let path = format!("/Users/{}", id(&user));
        let patched = client.patch(&path, json!([
            {"op": "Add", "path": "emails[type eq \"work\"].Value", "value": "ada@work.test"},
            {"op": "Add", "path": "addresses[type eq \"work\"].postalCode", "value": "1010"},
            {"op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Wien"},
            {"op": "Replace", "path": "name.givenName", "value": "Ada"},
            {"op": "Add", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "7"},
            {"op": "Add", "path": "manager", "value": [{"$ref": null, "value": id(&boss)}]}
        ])).await.expect(200).json();
        assert_eq!(patched["emails"], json!([{"type": "work", "value": "ada@work.test"}]));
        assert_eq!(patched["addresses"], json!([{"type": "work", "postalCode": "1010", "locality": "Wien"}]));
        assert_eq!(patched[ENTERPRISE]["employeeNumber"], "7");
        assert_eq!(patched[ENTERPRISE]["manager"]["value"], id(&boss));
        // With the flag: no path, dotted and qualified keys.
        let patched = client.patch(&format!("{path}?aadOptscim062020"), json!([{"op": "replace", "value": {
            "displayName": "Ada L.", "name.familyName": "Lovelace", format!("{ENTERPRISE}:department"): "Engines", "active": false
        }}])).await.expect(200).json();
        assert_eq!(patched["name"], json!({"givenName": "Ada", "familyName": "Lovelace"}));
        assert_eq!(patched[ENTERPRISE]["department"], "Engines");
        assert_eq!(patched["active"], false);
        let patched = client.patch(&path, json!([{"op": "Replace", "path": format!("{ENTERPRISE}:manager"), "value": ""}])).await.expect(200).json();
        assert!(patched[ENTERPRISE].get("manager").is_none());
        let patched = client.patch(&path, json!([{"op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": id(&boss)}])).await.expect(200).json();
        assert_eq!(patched[ENTERPRISE]["manager"]["value"], id(&boss));
        let patched = client.patch(&path, json!([{"op": "Replace", "path": format!("{USER}:title"), "value": "Dr"}])).await.expect(200).json();
        assert_eq!(patched["title"], "Dr");
    }

    async fn entra_11_its_filters(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let boss = client.user("boss").await;
        let user = client.post("/Users", json!({"userName": "ada", "externalId": "e-1",
            "emails": [{"type": "work", "value": "ada@work.test"}], ENTERPRISE: {"manager": {"value": id(&boss)}}})).await.expect(201).json();
        for filter in [
            "externalId eq \"e-1\"".to_owned(),
            "emails[type eq \"work\"].value eq \"ada@work.test\"".to_owned(),
            format!("id eq \"{}\" and manager eq \"{}\"", id(&user), id(&boss)),
        ] {
            let found = client.filter("/Users", &filter).await;
            assert_eq!(found["totalResults"], 1, "{filter}");
            assert_eq!(found["Resources"][0]["id"], user["id"]);
        }
        let none = client.filter("/Users", &format!("id eq \"{}\" and manager eq \"x\"", id(&user))).await;
        assert_eq!(none["totalResults"], 0);
    }

    async fn entra_suite_null_updates_and_misspelled_attributes(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let user = client.post("/Users", json!({"userName": "ada", "title": "T", "emails": [{"type": "work", "value": "a@b.test"}]})).await.expect(201).json();
        let path = format!("/Users/{}", id(&user));
        let patched = client.patch(&path, json!([{"op": "Replace", "path": "title", "value": ""}, {"op": "Replace", "path": "nickName", "value": null}])).await.expect(200).json();
        assert!(patched.get("title").is_none() && patched.get("nickName").is_none());
        client.put(&path, json!({"userName": "ada", "displayNam": "x"})).await.expect(200);
        client.put(&path, json!({"displayName": "x"})).await.scim_refused(400, Some("invalidValue"));
        let broken = client.request(Method::POST, "/Users").body("{\"userName\": ");
        send(broken).await.scim_refused(400, Some("invalidSyntax"));
    }
}

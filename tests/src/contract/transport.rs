//! What Ory's clients read in answers: words, headers, the order of checks. A test for each point.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Caller, Reply, send},
    database::random_id,
};

const CACHE: &str = "private, no-cache, no-store, must-revalidate";

async fn raw(caller: &Caller, method: Method, path: &str, body: &str) -> Reply {
    let request = caller.request(method, path);
    send(
        request
            .header("Content-Type", "application/json")
            .body(body.to_owned()),
    )
    .await
}

fn told(reply: &Reply, name: &str) -> String {
    reply.json()["error"][name]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

on_both_databases! {
    async fn transport_a_get_is_never_kept_and_json_is_utf_8_and_ends_with_a_line(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        for path in [
            "/admin/identities".to_owned(),
            format!("/admin/identities/{ada}"),
            "/admin/identities/by/external/ada".to_owned(),
            "/schemas".to_owned(),
            "/schemas/default".to_owned(),
        ] {
            let reply = owner.get(&path).await.expect(200);
            assert_eq!(reply.header("cache-control"), CACHE, "{path}");
            assert_eq!(reply.header("content-type"), "application/json; charset=utf-8", "{path}");
            assert!(reply.body.ends_with('\n'), "{path}");
        }
        let missing = owner.get(&format!("/admin/identities/{}", random_id())).await;
        assert_eq!(missing.header("cache-control"), CACHE);
        assert_eq!(missing.header("content-type"), "application/json");
    }

    async fn transport_an_error_has_orys_envelope_and_names_itself_in_a_header(house: House) {
        let request = house.alpha.owner.request(Method::GET, &format!("/admin/identities/{}", random_id()));
        let reply = send(request.header("X-Request-ID", "req-7")).await;
        let body = reply.refused(404, "not_found");
        assert_eq!(reply.header("ory-error-id"), "not_found");
        let error = &body["error"];
        assert_eq!(
            (&error["code"], &error["status"], &error["request"], &error["message"]),
            (&json!(404), &json!("Not Found"), &json!("req-7"), &json!("Unable to locate the resource"))
        );
        assert!(error.get("debug").is_none());
    }

    async fn create_answers_201_with_location_at_the_mount_that_was_called(house: House) {
        let owner = &house.alpha.owner;
        for mount in ["/admin", "/iam"] {
            let body = json!({"traits": {"email": format!("{}@example.test", &mount[1..])}});
            let reply = owner.post(&format!("{mount}/identities"), body).await.expect(201);
            let place = format!("{}{mount}/identities/{}", owner.base(), reply.text("/id"));
            assert_eq!(reply.header("location"), place);
            assert_eq!(reply.header("etag"), "\"1\"");
            owner.get(&format!("{mount}/identities/{}", reply.text("/id"))).await.expect(200);
        }
    }

    async fn transport_a_method_that_a_path_does_not_know_is_405_with_allow(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        for (method, path, allow) in [
            (Method::DELETE, "/schemas".to_owned(), vec!["GET"]),
            (Method::POST, format!("/admin/identities/{ada}"), vec!["GET", "PUT", "PATCH", "DELETE"]),
            (Method::GET, format!("/admin/identities/{ada}/credentials/totp"), vec!["DELETE"]),
            (Method::GET, format!("/v1/users/{ada}/verify-password"), vec!["POST"]),
        ] {
            let reply = raw(owner, method, &path, "").await;
            reply.refused(405, "method_not_allowed");
            let mut told: Vec<&str> = reply.header("allow").split(", ").collect();
            let mut allow = allow;
            told.sort_unstable();
            allow.sort_unstable();
            assert_eq!(told, allow, "{path}");
        }
        let nowhere = owner.get("/admin/nowhere").await;
        nowhere.refused(404, "not_found");
    }

    async fn create_put_and_patch_conflicts_say_what_ory_says_and_name_the_fields(house: House) {
        let (owner, bob) = (&house.alpha.owner, &house.alpha.bob);
        let body = json!({"traits": {"email": "ada@example.test"}});
        let created = owner.post("/admin/identities", body.clone()).await;
        let details = created.refused(409, "conflict")["details"].clone();
        assert_eq!(
            told(&created, "reason"),
            "This identity conflicts with another identity that already exists."
        );
        let fields: Vec<&Value> = details["conflicts"].as_array().expect("fields").iter().collect();
        assert!(fields.contains(&&json!({"field": "credentials.password.identifiers"})), "{details}");
        let words = "Unable to insert or update resource because a resource with that value exists already";
        let patch = json!([{"op": "replace", "path": "/external_id", "value": "ada"}]);
        for reply in [
            owner.put(&format!("/admin/identities/{bob}"), body).await,
            owner.patch(&format!("/admin/identities/{bob}"), patch).await,
        ] {
            let error = reply.refused(409, "conflict");
            assert_eq!(told(&reply, "message"), words);
            assert!(!error["details"]["conflicts"].as_array().expect("fields").is_empty());
        }
    }

    async fn create_put_and_patch_refuse_a_state_that_is_none_in_orys_words(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        let path = format!("/admin/identities/{ada}");
        let body = json!({"traits": {"email": "x@example.test"}, "state": "gone"});
        for reply in [owner.post("/admin/identities", body.clone()).await, owner.put(&path, body).await] {
            reply.refused(400, "invalid_request");
            assert_eq!(told(&reply, "reason"), "identity state is not valid");
        }
        let patch = json!([{"op": "replace", "path": "/state", "value": "gone"}]);
        let reply = owner.patch(&path, patch).await;
        assert_eq!(
            told(&reply, "reason"),
            "The supplied state ('gone') was not valid. Valid states are ('active', 'inactive')."
        );
    }

    async fn create_put_and_patch_refuse_a_schema_that_is_not_there(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        let path = format!("/admin/identities/{ada}");
        let body = json!({"schema_id": "nowhere", "traits": {"email": "x@example.test"}});
        let patch = json!([{"op": "replace", "path": "/schema_id", "value": "nowhere"}]);
        for reply in [
            owner.post("/admin/identities", body.clone()).await,
            owner.put(&path, body).await,
            owner.patch(&path, patch).await,
        ] {
            assert_eq!(reply.status, 400, "{reply}");
            assert_eq!(told(&reply, "reason"), "Unable to find JSON Schema ID: nowhere");
        }
    }

    async fn patch_test_move_and_copy_work_and_it_is_all_or_nothing(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        let path = format!("/admin/identities/{ada}");
        let patch = json!([
            {"op": "test", "path": "/traits/name/first", "value": "ada"},
            {"op": "copy", "from": "/metadata_admin", "path": "/metadata_public"},
            {"op": "move", "from": "/metadata_admin/seat", "path": "/metadata_admin/chair"},
        ]);
        let after = owner.patch(&path, patch).await.expect(200).json();
        assert_eq!(after["metadata_public"], json!({"seat": 1}));
        assert_eq!(after["metadata_admin"], json!({"chair": 1}));
        let fails = json!([
            {"op": "replace", "path": "/metadata_public", "value": 7},
            {"op": "test", "path": "/state", "value": "inactive"},
        ]);
        owner.patch(&path, fails).await.refused(400, "invalid_patch");
        let kept = owner.get(&path).await.expect(200).json();
        assert_eq!(kept["metadata_public"], json!({"seat": 1}), "all of it or nothing");
    }

    async fn goes_further_overlong_external_id_identifier_and_schema_id_are_a_400_naming_the_field(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        let path = format!("/admin/identities/{ada}");
        let long = format!("{}@example.test", "x".repeat(300));
        for (body, field) in [
            (json!({"traits": {"email": "x@example.test"}, "external_id": "x".repeat(65)}), "external_id"),
            (json!({"traits": {"email": long}}), "traits.email"),
            (json!({"traits": {"email": "x@example.test"}, "schema_id": "x".repeat(2_049)}), "schema_id"),
        ] {
            for reply in [owner.post("/admin/identities", body.clone()).await, owner.put(&path, body).await] {
                assert_eq!(reply.status, 400, "{reply}");
                assert_eq!(reply.json()["details"]["field"], field, "{reply}");
            }
        }
        let patch = json!([{"op": "replace", "path": "/external_id", "value": "x".repeat(65)}]);
        let error = owner.patch(&path, patch).await.refused(400, "invalid_request");
        assert_eq!(error["details"]["field"], "external_id");
        let fits = json!({"traits": {"email": "fits@example.test"}, "external_id": "ü".repeat(64)});
        owner.post("/admin/identities", fits).await.expect(201);
    }
}

//! `POST /admin/identities`

use reqwest::Method;
use serde_json::{Value, json};

use super::{created, ids, message, raw, read, reason};
use crate::database::random_id;

on_both_databases! {
    async fn create_refuses_unknown_fields_at_the_top_and_below(house: House) {
        let owner = &house.alpha.owner;
        let base = json!({"traits": {"email": "eve@example.test"}});
        for (member, value, name) in [
            ("id", json!(random_id()), "id"),
            ("schema_url", json!("x"), "schema_url"),
            ("created_at", json!("2026-01-01T00:00:00Z"), "created_at"),
            ("credentials", json!({"password": {"config": {"hash": "x"}}}), "hash"),
            ("credentials", json!({"carrier_pigeon": {}}), "carrier_pigeon"),
            ("verifiable_addresses", json!([{"value": "eve@example.test", "via": "email", "colour": 1}]), "colour"),
        ] {
            let mut body = base.clone();
            body[member] = value;
            let reply = owner.post("/admin/identities", body).await;
            reply.refused(400, "unknown_field");
            assert_eq!(message(&reply), format!("json: unknown field \"{name}\""));
        }
        // What a client read as an address it may send back.
        let (organization, mut body) = (random_id(), base);
        body["verifiable_addresses"] = json!([{"id": random_id(), "value": "eve@example.test", "via": "email",
            "verified": true, "status": "completed", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}]);
        body["recovery_addresses"] = json!([{"id": random_id(), "value": "eve@example.test", "via": "email",
            "break_glass_for_organization": organization, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}]);
        let made = created(owner, body).await.json();
        assert_eq!(made["verifiable_addresses"][0]["verified"], true);
        let read = read(owner, made["id"].as_str().expect("an id")).await;
        assert_eq!(read["recovery_addresses"][0]["break_glass_for_organization"], organization.as_str());
    }

    async fn create_wants_nothing_that_the_schema_does_not_want(house: House) {
        let owner = &house.alpha.owner;
        let free = json!({"schema": {"type": "object", "properties": {"traits": {"type": "object"}}}});
        owner.put("/v1/schemas/default?force=true", free).await.expect(200);
        let made = created(owner, json!({})).await.json();
        assert_eq!((&made["schema_id"], &made["traits"], &made["state"]), (&json!("default"), &json!({}), &json!("active")));
        for name in ["metadata_public", "organization_id"] {
            assert_eq!(made.get(name), Some(&Value::Null), "{name} is always there");
        }
        for name in ["external_id", "verifiable_addresses", "recovery_addresses", "region"] {
            assert_eq!(made.get(name), None, "{name} is left out when there is none");
        }
    }

    async fn create_does_not_look_at_the_content_type(house: House) {
        let owner = &house.alpha.owner;
        for (media, email) in [("text/plain", "a"), ("application/x-www-form-urlencoded", "b")] {
            let body = json!({"traits": {"email": format!("{email}@example.test")}}).to_string();
            raw(owner, Method::POST, "/admin/identities", media, &body).await.expect(201);
        }
    }

    async fn create_refuses_malformed_json(house: House) {
        for body in ["", "{", "{\"traits\": }", "[]", "null", "7"] {
            let reply = raw(&house.alpha.owner, Method::POST, "/admin/identities", "application/json", body).await;
            assert_eq!(reply.status, 400, "{body}: {reply}");
            assert!(!message(&reply).is_empty());
        }
        assert_eq!(ids(&house.alpha.owner.get("/admin/identities").await.expect(200)).len(), 2);
    }

    async fn create_shows_credentials_without_config_even_just_imported(house: House) {
        let owner = &house.alpha.owner;
        let body = json!({"traits": {"email": "eve@example.test"},
            "credentials": {"password": {"config": {"password": "correct horse"}}}});
        let made = created(owner, body).await.json();
        let credentials = made["credentials"].as_object().expect("credentials");
        assert_eq!(credentials["password"]["identifiers"], json!(["eve@example.test"]));
        assert!(credentials.values().all(|one| one.get("config").is_none()), "{made}");
        // And an identifier without a password is a credential all the same.
        let plain = created(owner, json!({"traits": {"email": "mallory@example.test"}})).await.json();
        assert_eq!(plain["credentials"]["password"]["identifiers"], json!(["mallory@example.test"]));
    }

    async fn create_is_active_unless_the_body_says_inactive(house: House) {
        let owner = &house.alpha.owner;
        let active = created(owner, json!({"traits": {"email": "a@example.test"}})).await.json();
        let inactive = created(owner, json!({"traits": {"email": "i@example.test"}, "state": "inactive"})).await.json();
        assert_eq!((&active["state"], &inactive["state"]), (&json!("active"), &json!("inactive")));
        assert_eq!(inactive["state_changed_at"], inactive["created_at"]);
        let reply = owner.post("/admin/identities", json!({"traits": {"email": "x@example.test"}, "state": "Active"})).await;
        reply.refused(400, "invalid_request");
        assert_eq!(reason(&reply), "identity state is not valid");
    }

    async fn create_takes_any_organization_id_that_is_a_uuid(house: House) {
        let owner = &house.alpha.owner;
        let organization = random_id();
        let body = |id: &str| json!({"traits": {"email": "eve@example.test"}, "organization_id": id});
        let refused = owner.post("/admin/identities", body("x")).await.refused(400, "invalid_request");
        assert_eq!(refused["details"]["field"], "organization_id");
        let made = created(owner, body(&organization)).await;
        assert_eq!(read(owner, &made.text("/id")).await["organization_id"], organization.as_str());
    }

    async fn create_conflicts_are_409_with_orys_reason_for_identifier_and_external_id(house: House) {
        let owner = &house.alpha.owner;
        for (body, field) in [
            (json!({"traits": {"email": "ADA@example.test"}}), "credentials.password.identifiers"),
            (json!({"traits": {"email": "x@example.test"}, "external_id": "ada"}), "external_id"),
        ] {
            let reply = owner.post("/admin/identities", body).await;
            let refused = reply.refused(409, "conflict");
            assert_eq!(reason(&reply), "This identity conflicts with another identity that already exists.");
            let conflicts = refused["details"]["conflicts"].as_array().expect("fields");
            assert!(conflicts.contains(&json!({"field": field})), "{reply}");
            assert!(!reply.body.contains(&house.alpha.ada), "never whose it is");
        }
    }

    async fn create_lower_cases_addresses_before_they_are_matched_to_the_traits(house: House) {
        let body = json!({"traits": {"email": "Eve@Example.test"},
            "verifiable_addresses": [{"value": "EVE@EXAMPLE.TEST", "via": "email", "verified": true, "status": "completed"}]});
        let made = created(&house.alpha.owner, body).await.json();
        let address = &made["verifiable_addresses"][0];
        assert_eq!((&address["value"], &address["verified"]), (&json!("eve@example.test"), &json!(true)));
        assert!(address["verified_at"].is_string(), "verified without a time is verified now");
        assert_eq!(made["traits"]["email"], "Eve@Example.test", "traits keep their case");
        assert_eq!(made["recovery_addresses"][0]["value"], "eve@example.test");
    }

    async fn create_drops_addresses_that_the_traits_do_not_name(house: House) {
        let body = json!({"traits": {"email": "eve@example.test"},
            "verifiable_addresses": [{"value": "other@example.test", "via": "email", "verified": true}],
            "recovery_addresses": [{"value": "other@example.test", "via": "email"}]});
        let made = created(&house.alpha.owner, body).await;
        assert!(!made.body.contains("other@example.test"), "{made}");
        assert_eq!(made.json()["verifiable_addresses"][0]["status"], "pending");
    }

    async fn create_checks_the_region_and_echoes_it(house: House) {
        let owner = &house.alpha.owner;
        let made = created(owner, json!({"traits": {"email": "eve@example.test"}, "region": "eu-central"})).await;
        assert_eq!(made.text("/region"), "eu-central");
        assert_eq!(read(owner, &made.text("/id")).await.get("region"), None, "it is not kept");
        let refused = owner.post("/admin/identities", json!({"traits": {}, "region": "mars"})).await;
        assert_eq!(refused.refused(400, "invalid_request")["details"]["field"], "region");
    }

    async fn create_takes_absent_traits_for_empty_ones_and_refuses_null(house: House) {
        let owner = &house.alpha.owner;
        let made = created(owner, json!({"schema_id": "customer"})).await.json();
        assert_eq!(made["traits"], json!({}));
        let null = owner.post("/admin/identities", json!({"schema_id": "customer", "traits": null})).await;
        assert_eq!(null.refused(400, "invalid_request")["details"]["field"], "traits");
    }
}

//! `PUT /admin/identities/{id}`

use reqwest::Method;
use serde_json::json;

use super::{create, message, raw, read, reason};
use crate::database::random_id;

on_both_databases! {
    async fn put_ignores_unknown_fields_and_organization_id(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        let body = json!({"traits": {"email": "ada@example.test"}, "id": random_id(), "colour": 7, "organization_id": random_id(),
            "credentials": {"carrier_pigeon": {}}});
        let after = owner.put(&format!("/admin/identities/{ada}"), body).await.expect(200).json();
        assert_eq!((after["id"].as_str(), after["organization_id"].as_str()), (Some(ada.as_str()), None));
    }

    async fn put_keeps_the_organization_whatever_the_body_says(house: House) {
        let (owner, organization) = (&house.alpha.owner, random_id());
        let traits = json!({"email": "eve@example.test"});
        let id = super::created(owner, json!({"traits": traits, "organization_id": organization})).await.text("/id");
        for other in [json!({"traits": traits, "organization_id": random_id()}), json!({"traits": traits, "organization_id": null}), json!({"traits": traits})] {
            let after = owner.put(&format!("/admin/identities/{id}"), other).await.expect(200).json();
            assert_eq!(after["organization_id"], organization.as_str());
        }
        assert_eq!(read(owner, &id).await["organization_id"], organization.as_str());
    }

    async fn put_wants_a_json_content_type_and_a_content_length(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.ada));
        raw(owner, Method::PUT, &path, "text/plain", "{}").await.refused(400, "invalid_request");
        let empty = raw(owner, Method::PUT, &path, "application/json", "").await;
        assert_eq!(empty.status, 400);
        assert_eq!(reason(&empty), "Unable to decode HTTP Request Body because its HTTP Header \"Content-Length\" is zero.");
    }

    async fn put_reads_the_body_before_it_looks_for_the_identity(house: House) {
        let (owner, nobody) = (&house.alpha.owner, format!("/admin/identities/{}", random_id()));
        raw(owner, Method::PUT, &nobody, "application/json", "{").await.refused(400, "invalid_json");
        owner.put(&nobody, json!({"state": "gone"})).await.refused(400, "invalid_request");
        owner.put(&nobody, json!({"traits": {"email": "x@example.test"}})).await.refused(404, "not_found");
    }

    async fn put_absent_schema_id_state_and_credentials_are_kept(house: House) {
        let owner = &house.alpha.owner;
        let body = json!({"schema_id": "customer", "traits": {"nick": "a"}, "state": "inactive",
            "credentials": {"totp": {"config": {"totp_url": "otpauth://totp/a:b?secret=JBSWY3DPEHPK3PXP"}}}});
        let id = super::created(owner, body).await.text("/id");
        let before = read(owner, &id).await;
        let after = owner.put(&format!("/admin/identities/{id}"), json!({"traits": {"nick": "b"}})).await.expect(200).json();
        for kept in ["schema_id", "state", "state_changed_at", "credentials"] {
            assert_eq!(after[kept], before[kept], "{kept}");
        }
        assert_eq!(after["traits"], json!({"nick": "b"}));
    }

    async fn put_absent_traits_are_empty(house: House) {
        let owner = &house.alpha.owner;
        let id = super::created(owner, json!({"schema_id": "customer", "traits": {"nick": "a"}})).await.text("/id");
        let after = owner.put(&format!("/admin/identities/{id}"), json!({"metadata_public": 1})).await.expect(200).json();
        assert_eq!(after["traits"], json!({}));
        let null = owner.put(&format!("/admin/identities/{id}"), json!({"traits": null})).await;
        assert_eq!(null.refused(400, "invalid_request")["details"]["field"], "traits");
        // Ada's schema wants an e-mail.
        owner.put(&format!("/admin/identities/{}", house.alpha.ada), json!({})).await.refused(400, "schema_violation");
    }

    async fn put_absent_metadata_is_cleared(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.ada));
        let traits = json!({"email": "ada@example.test"});
        owner.put(&path, json!({"traits": traits, "metadata_public": {"a": 1}, "metadata_admin": 7})).await.expect(200);
        let after = owner.put(&path, json!({"traits": traits})).await.expect(200).json();
        assert!(after["metadata_public"].is_null() && after["metadata_admin"].is_null(), "{after}");
    }

    async fn put_absent_external_id_is_cleared_and_free_again(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.ada));
        let after = owner.put(&path, json!({"traits": {"email": "ada@example.test"}})).await.expect(200).json();
        assert_eq!(after.get("external_id"), None);
        owner.get("/admin/identities/by/external/ada").await.refused(404, "not_found");
        super::created(owner, json!({"traits": {"email": "new@example.test"}, "external_id": "ada"})).await;
    }

    async fn put_of_another_state_changes_state_changed_at_and_of_the_same_does_not(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.ada));
        let put = async |state: &str| {
            let body = json!({"traits": {"email": "ada@example.test"}, "state": state});
            owner.put(&path, body).await.expect(200).json()["state_changed_at"].clone()
        };
        let first = put("active").await;
        let second = put("inactive").await;
        assert_ne!(second, first);
        assert_eq!(put("inactive").await, second);
        let reply = owner.put(&path, json!({"traits": {"email": "ada@example.test"}, "state": "gone"})).await;
        assert_eq!((reply.status, reason(&reply).as_str()), (400, "identity state is not valid"));
    }

    async fn put_inactive_makes_the_sessions_inactive(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let body = json!({"traits": {"email": "ada@example.test"}, "state": "inactive"});
        owner.put(&format!("/admin/identities/{}", alpha.ada), body).await.expect(200);
        let session = owner.get(&format!("/admin/sessions/{}", alpha.ada_session)).await.expect(200);
        assert_eq!(session.json()["active"], false);
    }

    async fn put_rebuilds_identifiers_and_addresses_from_the_traits_and_keeps_what_was_verified(house: House) {
        let owner = &house.alpha.owner;
        let id = super::created(owner, json!({"traits": {"email": "eve@example.test"},
            "verifiable_addresses": [{"value": "eve@example.test", "via": "email", "verified": true}]})).await.text("/id");
        let path = format!("/admin/identities/{id}");
        let before = read(owner, &id).await["verifiable_addresses"].clone();
        let same = owner.put(&path, json!({"traits": {"email": "EVE@example.test"}})).await.expect(200).json();
        assert_eq!(same["verifiable_addresses"][0]["id"], before[0]["id"]);
        assert_eq!(same["verifiable_addresses"][0]["verified"], true);
        let moved = owner.put(&path, json!({"traits": {"email": "eva@example.test"}})).await.expect(200).json();
        assert_eq!(moved["verifiable_addresses"].as_array().map(Vec::len), Some(1));
        assert_eq!(moved["verifiable_addresses"][0]["verified"], false);
        assert_eq!(moved["credentials"]["password"]["identifiers"], json!(["eva@example.test"]));
        create(owner, "eve@example.test").await;
    }

    async fn put_conflicts_say_it_in_orys_message(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.bob));
        let reply = owner.put(&path, json!({"traits": {"email": "ada@example.test"}})).await;
        reply.refused(409, "conflict");
        assert_eq!(message(&reply), "Unable to insert or update resource because a resource with that value exists already");
        assert_eq!(read(owner, &house.alpha.bob).await["traits"]["email"], "bob@example.test");
    }

    async fn put_and_patch_check_the_region_and_echo_it(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.ada));
        let put = async |region: serde_json::Value| owner.put(&path, json!({"traits": {"email": "ada@example.test"}, "region": region})).await;
        assert_eq!(put(json!("us-west")).await.expect(200).text("/region"), "us-west");
        assert_eq!(put(json!("mars")).await.refused(400, "invalid_request")["details"]["field"], "region");
        assert_eq!(put(json!(7)).await.refused(400, "invalid_request")["details"]["field"], "region");
        for op in ["add", "replace"] {
            let patch = async |region: &str| owner.patch(&path, json!([{"op": op, "path": "/region", "value": region}])).await;
            assert_eq!(patch("global").await.expect(200).text("/region"), "global");
            assert_eq!(patch("mars").await.status, 400);
        }
        // Not kept, so there is none to remove.
        assert_eq!(read(owner, &house.alpha.ada).await.get("region"), None);
        owner.patch(&path, json!([{"op": "remove", "path": "/region"}])).await.refused(400, "invalid_patch");
    }
}

//! `PATCH /admin/identities/{id}`

use reqwest::Method;
use serde_json::{Value, json};

use super::{message, raw, read, reason};
use crate::{client::Reply, database::random_id, house::House as Both};

async fn patch(house: &Both, operations: Value) -> Reply {
    let path = format!("/admin/identities/{}", house.alpha.ada);
    house.alpha.owner.patch(&path, operations).await
}

on_both_databases! {
    async fn patch_is_a_list_of_operations_whatever_its_content_type(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.ada));
        let body = r#"[{"op": "replace", "path": "/metadata_public", "value": 7}]"#;
        for media in ["application/json-patch+json", "text/plain"] {
            raw(owner, Method::PATCH, &path, media, body).await.expect(200);
        }
        let empty = raw(owner, Method::PATCH, &path, "application/json", "").await;
        assert_eq!((empty.status, message(&empty).as_str()), (400, "unexpected end of JSON input"));
        let object = raw(owner, Method::PATCH, &path, "application/json", "{}").await;
        assert_eq!((object.status, reason(&object).as_str()), (400, "failed to unmarshal JSON patch"));
        owner.patch(&path, json!([])).await.expect(200);
    }

    async fn patch_looks_for_the_identity_before_it_reads_the_operations(house: House) {
        let nobody = format!("/admin/identities/{}", random_id());
        raw(&house.alpha.owner, Method::PATCH, &nobody, "application/json", "{").await.refused(404, "not_found");
    }

    async fn patch_denies_id_state_changed_at_and_credentials_in_any_case(house: House) {
        for path in ["/id", "/ID", "/stateChangedAt", "/credentials", "/credentials/oidc", "/Credentials/oidc/config/providers/0",
            "/credentials/saml", "/credentials/saml/config"]
        {
            let reply = patch(&house, json!([{"op": "add", "path": path, "value": {}}])).await;
            reply.refused(400, "invalid_patch");
            assert_eq!(reason(&reply), "failed to apply JSON patch");
            assert_eq!(message(&reply), format!("patch includes denied path: {path}"));
        }
    }

    async fn patch_replace_of_a_missing_member_adds_it_unless_it_is_an_index(house: House) {
        let after = patch(&house, json!([{"op": "replace", "path": "/traits/name/last", "value": "L"}])).await.expect(200).json();
        assert_eq!(after["traits"]["name"]["last"], "L");
        patch(&house, json!([{"op": "add", "path": "/metadata_public", "value": [1]}])).await.expect(200);
        for path in ["/metadata_public/3", "/metadata_public/-"] {
            patch(&house, json!([{"op": "replace", "path": path, "value": 1}])).await.refused(400, "invalid_patch");
        }
    }

    async fn patch_add_makes_missing_parents_and_remove_of_a_missing_path_is_400(house: House) {
        let after = patch(&house, json!([{"op": "add", "path": "/metadata_public/a/b/c", "value": 1}])).await.expect(200).json();
        assert_eq!(after["metadata_public"], json!({"a": {"b": {"c": 1}}}));
        let reply = patch(&house, json!([{"op": "remove", "path": "/metadata_public/a/x"}])).await;
        reply.refused(400, "invalid_patch");
        assert_eq!(reason(&reply), "failed to apply JSON patch");
    }

    async fn patch_reaches_every_member_that_can_be_changed(house: House) {
        let organization = random_id();
        let after = patch(&house, json!([
            {"op": "replace", "path": "/traits/email", "value": "a2@example.test"},
            {"op": "replace", "path": "/schema_id", "value": "default"},
            {"op": "replace", "path": "/state", "value": "inactive"},
            {"op": "add", "path": "/metadata_public", "value": {"a": 1}},
            {"op": "replace", "path": "/metadata_admin", "value": {"b": 2}},
            {"op": "replace", "path": "/external_id", "value": "a2"},
            {"op": "replace", "path": "/organization_id", "value": organization},
            {"op": "add", "path": "/region", "value": "eu"},
        ])).await.expect(200).json();
        assert_eq!(
            (&after["traits"]["email"], &after["state"], &after["metadata_public"], &after["metadata_admin"]),
            (&json!("a2@example.test"), &json!("inactive"), &json!({"a": 1}), &json!({"b": 2}))
        );
        assert_eq!((&after["external_id"], &after["organization_id"], &after["region"]), (&json!("a2"), &json!(organization), &json!("eu")));
        let verified = patch(&house, json!([{"op": "replace", "path": "/verifiable_addresses/0/verified", "value": true}])).await;
        let address = verified.expect(200).json()["verifiable_addresses"][0].clone();
        assert_eq!((&address["verified"], &address["status"]), (&json!(true), &json!("pending")), "the status is another member");
        assert!(address["verified_at"].is_string());
        let cleared = patch(&house, json!([{"op": "replace", "path": "/external_id", "value": ""}])).await.expect(200).json();
        assert_eq!(cleared.get("external_id"), None, "an empty one clears it");
        let schema = patch(&house, json!([
            {"op": "replace", "path": "/schema_id", "value": "customer"}, {"op": "replace", "path": "/traits", "value": {"nick": "n"}},
        ])).await.expect(200).json();
        assert!(schema.get("verifiable_addresses").is_none() && schema.get("recovery_addresses").is_none(), "{schema}");
        assert_eq!(schema["credentials"]["password"]["identifiers"], json!(["a2@example.test"]), "an identifier stays");
    }

    async fn patch_of_a_state_that_is_none_is_refused_and_of_another_changes_state_changed_at(house: House) {
        let before = read(&house.alpha.owner, &house.alpha.ada).await;
        let reply = patch(&house, json!([{"op": "replace", "path": "/state", "value": "x"}])).await;
        assert_eq!(reply.status, 400, "{reply}");
        assert_eq!(reason(&reply), "The supplied state ('x') was not valid. Valid states are ('active', 'inactive').");
        let after = patch(&house, json!([{"op": "replace", "path": "/state", "value": "inactive"}])).await.expect(200).json();
        assert_ne!(after["state_changed_at"], before["state_changed_at"]);
    }

    async fn patch_is_atomic_and_its_result_must_fit_the_schema_and_be_unique(house: House) {
        let owner = &house.alpha.owner;
        let before = read(owner, &house.alpha.ada).await;
        let set = json!({"op": "add", "path": "/metadata_public", "value": 1});
        patch(&house, json!([set, {"op": "replace", "path": "/traits/email", "value": 7}])).await.refused(400, "schema_violation");
        patch(&house, json!([set, {"op": "remove", "path": "/traits/none"}])).await.refused(400, "invalid_patch");
        let taken = patch(&house, json!([set, {"op": "replace", "path": "/traits/email", "value": "bob@example.test"}])).await;
        taken.refused(409, "conflict");
        assert_eq!(message(&taken), "Unable to insert or update resource because a resource with that value exists already");
        let taken = patch(&house, json!([set, {"op": "replace", "path": "/external_id", "value": "bob"}])).await;
        taken.refused(409, "conflict");
        assert_eq!(read(owner, &house.alpha.ada).await, before);
    }

    async fn patch_reaches_recovery_addresses(house: House) {
        let organization = random_id();
        let place = "/recovery_addresses/0/break_glass_for_organization";
        let before = read(&house.alpha.owner, &house.alpha.ada).await["recovery_addresses"][0].clone();
        let after = patch(&house, json!([{"op": "add", "path": place, "value": organization}])).await.expect(200).json();
        let address = &after["recovery_addresses"][0];
        assert_eq!((&address["break_glass_for_organization"], &address["id"]), (&json!(organization), &before["id"]));
        assert_eq!(read(&house.alpha.owner, &house.alpha.ada).await["recovery_addresses"], after["recovery_addresses"]);
        let cleared = patch(&house, json!([{"op": "remove", "path": place}])).await.expect(200).json();
        assert_eq!(cleared["recovery_addresses"][0].get("break_glass_for_organization"), None);
        assert_eq!(patch(&house, json!([{"op": "add", "path": place, "value": "x"}])).await.status, 400);
        // Which addresses there are follows from the traits: one that they do not name goes, and one that they name stays.
        let other = json!([{"op": "replace", "path": "/recovery_addresses/0/value", "value": "other@example.test"}]);
        let after = patch(&house, other).await.expect(200);
        assert!(!after.body.contains("other@example.test"), "{after}");
        assert_eq!(after.json()["recovery_addresses"][0]["value"], "ada@example.test");
        let after = patch(&house, json!([{"op": "remove", "path": "/recovery_addresses/0"}])).await.expect(200).json();
        assert_eq!(after["recovery_addresses"][0]["value"], "ada@example.test");
    }
}

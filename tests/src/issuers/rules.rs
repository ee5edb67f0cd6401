//! What may be written of a provider, and by whom.

use serde_json::json;

fn provider(name: &str, issuer: &str, more: serde_json::Value) -> serde_json::Value {
    let mut body = json!({"name": name, "type": "oidc", "issuer": issuer});
    let members = body.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    body
}

on_both_databases! {
    async fn rules_are_checked_kept_and_changed_by_what_a_patch_names(house: House) {
        let owner = &house.alpha.owner;
        for (more, field) in [
            (json!({"enabled": "yes"}), "enabled"),
            (json!({"linking": {"mode": "on"}}), "linking.mode"),
            (json!({"linking": {"match": ["phone"]}}), "linking.match"),
            (json!({"linking": {"trusted_email_domains": ["*.example.test"]}}), "linking.trusted_email_domains"),
            (json!({"linking": {"trusted_email_domains": ["*"]}}), "linking.trusted_email_domains"),
            (json!({"linking": {"required_claims": {"hd": []}}}), "linking.required_claims.hd"),
            (json!({"linking": {"create": {"traits": {"email": "email"}}}}), "linking.create.traits.email"),
            (json!({"tokens": {}}), "tokens.audiences"),
            (json!({"tokens": {"audiences": []}}), "tokens.audiences"),
            (json!({"tokens": {"audiences": ["a"], "algorithms": ["HS256"]}}), "tokens.algorithms"),
            (json!({"tokens": {"audiences": ["a"], "algorithms": ["none"]}}), "tokens.algorithms"),
            (json!({"tokens": {"audiences": ["a"], "algorithms": []}}), "tokens.algorithms"),
            (json!({"tokens": {"audiences": ["a"], "types": ["id_token"]}}), "tokens.types"),
            (json!({"tokens": {"audiences": ["a"], "roles": [{"claim": "c", "value": "v", "role": "operator"}]}}), "tokens.roles[0].role"),
        ] {
            let answer = owner.post("/v1/identity-providers", provider("x", "https://id.example.test", more)).await;
            assert_eq!(answer.refused(400, "invalid_request")["details"]["field"], field, "{answer}");
        }
        let answer = owner.post("/v1/identity-providers", provider("x", "https://id.example.test", json!({"linking": {"modus": 1}}))).await;
        assert_eq!(answer.refused(400, "unknown_field")["details"]["fields"], json!(["linking.modus"]));
        let scim = json!({"name": "x", "type": "scim", "issuer": "https://id.example.test", "tokens": {"audiences": ["a"]}});
        owner.post("/v1/identity-providers", scim).await.refused(400, "invalid_request");

        let made = owner.post("/v1/identity-providers", provider("x", "https://id.example.test", json!({
            "linking": {"mode": "auto", "match": ["email"], "trusted_email_domains": ["Example.TEST", "example.test"]},
            "tokens": {"audiences": ["a"], "algorithms": ["ES256", "RS256"]},
        }))).await.expect(201);
        let path = format!("/v1/identity-providers/{}", made.text("/id"));
        assert_eq!(made.json()["linking"], json!({"mode": "auto", "match": ["email"], "trusted_email_domains": ["example.test"],
            "create_missing": false, "on_conflict": "review", "required_claims": {},
            "create": {"schema_id": "default", "traits": {"/email": "email"}}}));
        assert_eq!(made.json()["tokens"]["types"], json!(["at+jwt"]));
        let patched = owner.patch(&path, json!({"linking": {"create_missing": true}, "tokens": {"types": ["JWT"]}})).await.expect(200).json();
        assert_eq!((&patched["linking"]["mode"], &patched["linking"]["create_missing"]), (&json!("auto"), &json!(true)));
        assert_eq!((&patched["tokens"]["audiences"], &patched["tokens"]["types"]), (&json!(["a"]), &json!(["JWT"])));
        owner.patch(&path, json!({"issuer": null})).await.refused(400, "invalid_request");
        let off = owner.patch(&path, json!({"tokens": null, "enabled": false})).await.expect(200).json();
        assert_eq!((&off["tokens"], &off["enabled"]), (&json!(null), &json!(false)));
        assert_eq!(owner.get(&path).await.expect(200).json(), off);
    }

    async fn abuse_26_an_issuer_at_an_address_that_is_not_reached_is_refused(house: House) {
        let owner = &house.alpha.owner;
        for issuer in [
            "https://127.0.0.2", "https://[::1]", "https://169.254.169.254", "https://10.0.0.1", "https://[::ffff:10.0.0.1]",
            "https://0x0a.1", "https://167772161", "http://id.example.test", "http://localhost", "http://127.0.0.2", "file:///etc/passwd",
            "id.example.test", "https://me:secret@id.example.test", "https://id.example.test/#x",
        ] {
            let tokens = json!({"tokens": {"audiences": ["a"]}});
            let answer = owner.post("/v1/identity-providers", provider("x", issuer, tokens)).await;
            assert_eq!(answer.refused(400, "invalid_request")["details"]["field"], "issuer", "{answer}");
        }
    }

    async fn who_may_not_hand_out_a_role_may_not_let_a_claim_give_it(house: House) {
        let alpha = &house.alpha;
        let admin = alpha.caller("admin").await;
        let tokens = |role: &str| json!({"tokens": {"audiences": [role], "roles": [{"claim": "groups", "value": "boss", "role": role}]}});
        let body = |role: &str| provider(role, "https://id.example.test", tokens(role));
        admin.post("/v1/identity-providers", body("owner")).await.refused(403, "forbidden");
        admin.post("/v1/identity-providers", body("admin")).await.expect(201);
        let owners = alpha.owner.post("/v1/identity-providers", body("owner")).await.expect(201);
        let path = format!("/v1/identity-providers/{}", owners.text("/id"));
        // Whoever chooses the issuer chooses who gets the role.
        admin.patch(&path, json!({"issuer": "https://evil.example.test"})).await.refused(403, "forbidden");
        admin.patch(&path, json!({"tokens": null})).await.refused(403, "forbidden");
        alpha.owner.patch(&path, json!({"issuer": "https://id2.example.test"})).await.expect(200);
    }
}

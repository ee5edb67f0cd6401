//! What is exported is imported elsewhere as it was.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Desk, HASH, lines};

fn everything() -> Value {
    json!({
        "password": {"config": {"hashed_password": HASH}},
        "oidc": {"config": {"providers": [
            {"provider": "google", "subject": "Sub:1", "use_auto_link": true},
            {"provider": "github", "subject": "2", "organization": "018f4b1e-0000-7000-8000-000000000001"},
        ]}},
        "saml": {"config": {"providers": [{"provider": "adfs", "subject": "3"}]}},
        "totp": {"config": {"totp_url": "otpauth://totp/Acme:ada?secret=JBSWY3DPEHPK3PXP&issuer=Acme"}},
        "lookup_secret": {"config": {"codes": [{"code": "aaaa-bbbb"}, {"code": "cccc-dddd", "used_at": "2026-01-31T12:00:00Z"}]}},
        "webauthn": {"config": {"credentials": [
            {"id": "YQ==", "public_key": "cGs=", "display_name": "stick", "is_passwordless": false},
            {"id": "Yg==", "public_key": "cGs=", "is_passwordless": true},
        ], "user_handle": "aGFuZGxl"}},
        "passkey": {"config": {"credentials": [{"id": "Yw==", "public_key": "cGs="}], "user_handle": "dXNlci0x"}},
    })
}

/// The identities without their own ids and those of their addresses, by e-mail address.
fn without_ids(export: &str) -> BTreeMap<String, Value> {
    lines(export)
        .into_iter()
        .map(|mut identity| {
            let id = identity["id"].as_str().expect("an id").to_owned();
            let text = identity.to_string().replace(&id, "<id>");
            identity = serde_json::from_str(&text).expect("JSON");
            for list in ["verifiable_addresses", "recovery_addresses"] {
                for address in identity[list].as_array_mut().into_iter().flatten() {
                    address["id"].take();
                }
            }
            let name = identity["external_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            (name, identity)
        })
        .collect()
}

on_both_databases! {
    async fn export_then_import_elsewhere_is_the_identity_but_for_ids(house: House) {
        let owner = &house.alpha.owner;
        let body = json!({
            "traits": {"email": "Eve@Example.test", "name": {"first": "Eve"}}, "external_id": "eve", "state": "inactive",
            "metadata_public": {"b": [1, 2.5, null]}, "metadata_admin": "text",
            "organization_id": "018f4b1e-0000-7000-8000-000000000002", "credentials": everything(),
            "verifiable_addresses": [{"value": "eve@example.test", "via": "email", "verified": true, "status": "completed"}],
        });
        let eve = owner.post("/admin/identities", body).await.expect(201).text("/id");
        // One whose address is on its way, and one whose password and trait went.
        let body = json!({"traits": {"email": "joe@example.test"}, "external_id": "joe",
            "verifiable_addresses": [{"value": "joe@example.test", "via": "email", "verified": false, "status": "sent"}]});
        owner.post("/admin/identities", body).await.expect(201);
        let lax = json!({"schema": {"type": "object", "properties": {"traits": {"type": "object", "properties": {"mail": {
            "type": "string", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}, "code": {"identifier": true, "via": "email"}},
            "verification": {"via": "email"}}}}}}}});
        owner.put("/v1/schemas/lax", lax.clone()).await.expect(201);
        let body = json!({"schema_id": "lax", "traits": {"mail": "kim@example.test"}, "external_id": "kim",
            "credentials": {"password": {"config": {"hashed_password": HASH}}, "oidc": {"config": {"providers": [{"provider": "google", "subject": "kim"}]}}}});
        let kim = owner.post("/admin/identities", body).await.expect(201).text("/id");
        owner.put(&format!("/admin/identities/{kim}"), json!({"schema_id": "lax", "traits": {}, "external_id": "kim"})).await.expect(200);
        owner.delete(&format!("/admin/identities/{kim}/credentials/password")).await;

        // One whose password another system still has.
        let body = json!({"traits": {"email": "hal@example.test"}, "external_id": "hal",
            "credentials": {"password": {"config": {"use_password_migration_hook": true}}},
            "recovery_addresses": [{"value": "hal@example.test", "via": "email",
                "break_glass_for_organization": "018f4b1e-0000-7000-8000-000000000002"}]});
        owner.post("/admin/identities", body).await.expect(201);

        let mut desk = Desk::of(house.gateway, owner);
        let done = desk.run("export --output all.jsonl --json").await.code(0);
        let summary: Value = serde_json::from_str(&done.stdout()).expect("JSON");
        assert_eq!((&summary["exported"], &summary["tenant_id"]), (&json!(6), &json!(house.alpha.id)));
        let first = desk.read("all.jsonl");
        let revealed = owner.all("/v1/audit-events?action=credential:reveal&page_size=500").await;
        assert!(revealed.iter().any(|event| event["resource"]["id"] == eve), "it is in the trail");

        let (_, other) = house.gateway.new_tenant("other").await;
        other.put("/v1/schemas/lax", lax).await.expect(201);
        desk.with_key(&other);
        let done = desk.run("import --from ory --json all.jsonl").await.code(0);
        assert_eq!(done.counts(), [6, 6, 0, 0]);
        let second = desk.run("export").await.code(0).stdout();
        let (first, second) = (without_ids(&first), without_ids(&second));
        assert_eq!(first.len(), 6);
        for (name, identity) in &first {
            assert_eq!(Some(identity), second.get(name), "{name}");
        }
        assert_eq!(first["hal"]["credentials"]["password"]["config"], json!({"use_password_migration_hook": true}));
        // Kim's identifiers outlived the trait.
        assert_eq!(first["kim"]["credentials"]["password"]["identifiers"], json!(["kim@example.test"]));
        assert_eq!(first["eve"]["credentials"].as_object().map(serde_json::Map::len), Some(8), "every type");
    }

    async fn no_line_of_an_export_is_of_two_moments(house: House) {
        let (_, owner) = house.gateway.new_tenant("coming-and-going").await;
        let desk = Desk::of(house.gateway, &owner);
        let people: Vec<Value> = (0..250).map(|number| super::person(&format!("p{number}"))).collect();
        desk.write_lines("people.jsonl", &people);
        desk.run("import --from ory people.jsonl").await.code(0);
        let all = owner.get("/admin/identities?page_size=500").await.expect(200).json();
        let all = all.as_array().expect("a list");
        // They go one by one while one export runs after the other.
        let changing = async {
            for identity in all {
                let id = identity["id"].as_str().expect("an id");
                owner.delete(&format!("/admin/identities/{id}")).await.expect(204);
            }
        };
        let exporting = async {
            let mut exported = Vec::new();
            for _ in 0..8 {
                exported.extend(lines(&desk.run("export").await.code(0).stdout()));
            }
            exported
        };
        let ((), exported) = tokio::join!(changing, exporting);
        assert!(!exported.is_empty());
        for identity in &exported {
            assert_eq!(identity["credentials"]["password"]["config"]["hashed_password"], HASH, "{identity}");
        }
    }
}

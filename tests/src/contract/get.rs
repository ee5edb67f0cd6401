//! `GET /admin/identities/{id}`

use serde_json::{Value, json};

use super::{created, read, reason, shown};
use crate::database::random_id;

on_both_databases! {
    async fn get_of_an_id_that_is_none_or_no_uuid_is_404(house: House) {
        let owner = &house.alpha.owner;
        for id in [random_id().as_str(), "x", "00000000-0000-0000-0000-000000000000", &house.twin.ada] {
            let reply = owner.get(&format!("/admin/identities/{id}")).await;
            reply.refused(404, "not_found");
            assert_eq!(super::message(&reply), "Unable to locate the resource");
        }
    }

    async fn get_shows_all_credentials_and_the_config_of_the_named_types_only(house: House) {
        let owner = &house.alpha.owner;
        let id = created(owner, json!({"traits": {"email": "eve@example.test"}, "credentials": {
            "password": {"config": {"hashed_password": "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq"}},
            "totp": {"config": {"totp_url": "otpauth://totp/a:b?secret=JBSWY3DPEHPK3PXP"}},
        }})).await.text("/id");
        let plain = read(owner, &id).await["credentials"].clone();
        let mut kinds: Vec<&String> = plain.as_object().expect("credentials").keys().collect();
        kinds.sort();
        assert_eq!(kinds, ["code", "password", "totp"]);
        assert!(plain.as_object().expect("credentials").values().all(|one| one.get("config").is_none()));
        let path = format!("/admin/identities/{id}?include_credential=password&include_credential=totp");
        let both = owner.get(&path).await.expect(200).json()["credentials"].clone();
        assert!(both["password"]["config"]["hashed_password"].is_string() && both["totp"]["config"]["totp_url"].is_string());
        assert_eq!(both["code"].get("config"), None);
        assert_eq!(shown(owner, &id, "oidc").await, Value::Null, "a type that is not set up is not there");
    }

    async fn get_takes_every_credential_type_by_its_name_and_no_other(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.ada));
        for kind in ["password", "oidc", "saml", "totp", "lookup_secret", "webauthn", "code", "link_recovery",
            "code_recovery", "deviceauthn", "passkey"]
        {
            owner.get(&format!("{path}?include_credential={kind}")).await.expect(200);
        }
        for kind in ["profile", "identifier_first", "XYZ"] {
            let reply = owner.get(&format!("{path}?include_credential={kind}")).await;
            reply.refused(400, "invalid_request");
            assert_eq!(reason(&reply), format!("Invalid value `{kind}` for parameter `include_credential`."));
        }
    }

    async fn get_has_the_members_of_an_identity_in_orys_form(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        let identity = read(owner, ada).await;
        assert_eq!((&identity["id"], &identity["schema_id"]), (&json!(ada), &json!("default")));
        assert!(identity["schema_url"].as_str().expect("a URL").ends_with("/schemas/ZGVmYXVsdA"), "{identity}");
        for name in ["state_changed_at", "created_at", "updated_at"] {
            let time = identity[name].as_str().expect("a time");
            assert!(time.ends_with('Z') && time.contains('T'), "{name}: {time}");
        }
        let address = &identity["verifiable_addresses"][0];
        assert_eq!(
            (&address["value"], &address["verified"], &address["via"], &address["status"]),
            (&json!("ada@example.test"), &json!(false), &json!("email"), &json!("pending"))
        );
        assert_eq!((&identity["metadata_public"], &identity["metadata_admin"]), (&Value::Null, &json!({"seat": 1})));
        assert_eq!(identity["organization_id"], Value::Null);
    }
}

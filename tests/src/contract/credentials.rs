//! Credentials: what is imported, what is shown of it and to whom, and what can be removed.

use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::{client::Caller, database::connect, house::Tenant};

const TOTP: &str = "otpauth://totp/Acme:ada?secret=JBSWY3DPEHPK3PXP&issuer=Acme";
const HASH: &str = "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq";

fn everything() -> Value {
    json!({
        "password": {"config": {"hashed_password": HASH}},
        "oidc": {"config": {"providers": [
            {"provider": "google", "subject": "Sub:1", "use_auto_link": true},
            {"provider": "github", "subject": "2", "organization": "018f4b1e-0000-7000-8000-000000000001"},
        ]}},
        "saml": {"config": {"providers": [{"provider": "adfs", "subject": "3"}]}},
        "totp": {"config": {"totp_url": TOTP}},
        "lookup_secret": {"config": {"codes": [{"code": "aaaa-bbbb"}, {"code": "cccc-dddd", "used_at": "2026-01-31T12:00:00Z"}]}},
        "webauthn": {"config": {"credentials": [
            {"id": "YQ==", "public_key": "cGs=", "display_name": "stick", "is_passwordless": false},
            {"id": [98], "public_key": [112, 107], "is_passwordless": true},
        ], "user_handle": "aGFuZGxl"}},
        "passkey": {"config": {"credentials": [{"id": "Yw==", "public_key": "cGs="}], "user_handle": "dXNlci0x"}},
    })
}

async fn create(owner: &Caller, name: &str, credentials: Value) -> String {
    let body =
        json!({"traits": {"email": format!("{name}@example.test")}, "credentials": credentials});
    owner
        .post("/admin/identities", body)
        .await
        .expect(201)
        .text("/id")
}

async fn credentials(owner: &Caller, id: &str) -> Value {
    let path = format!("/admin/identities/{id}");
    owner.get(&path).await.expect(200).json()["credentials"].clone()
}

async fn shown(owner: &Caller, id: &str, kind: &str) -> Value {
    let path = format!("/admin/identities/{id}?include_credential={kind}");
    owner.get(&path).await.expect(200).json()["credentials"][kind].clone()
}

/// A UUID as the database writes it.
fn literal(database: &str, id: &str) -> String {
    if database.starts_with("sqlite") {
        format!("x'{}'", id.replace('-', ""))
    } else {
        format!("'{id}'")
    }
}

fn place(tenant: &Tenant, kind: &str) -> String {
    format!("/admin/identities/{}/credentials/{kind}", tenant.ada)
}

on_both_databases! {
    async fn import_rules_every_type_is_taken_and_its_config_shown_to_an_owner_only(house: House) {
        let (alpha, owner) = (&house.alpha, &house.alpha.owner);
        let id = create(owner, "all", everything()).await;
        let all = credentials(owner, &id).await;
        for kind in ["password", "oidc", "saml", "totp", "lookup_secret", "webauthn", "passkey"] {
            assert_eq!(all[kind]["type"], kind);
            assert!(all[kind].get("config").is_none(), "{kind}");
            assert_eq!(all[kind].as_object().map(serde_json::Map::len), Some(5), "{}", all[kind]);
        }
        assert_eq!(all["totp"]["identifiers"], json!([id]));
        assert_eq!(all["lookup_secret"]["identifiers"], json!([id]));
        assert_eq!(all["passkey"]["identifiers"], json!(["user-1"]));
        assert_eq!(all["oidc"]["identifiers"], json!(["github:2", "google:Sub:1"]));
        assert_eq!((&all["oidc"]["version"], &all["password"]["version"]), (&json!(0), &json!(1)));

        assert_eq!(shown(owner, &id, "password").await["config"], json!({"hashed_password": HASH}));
        assert_eq!(shown(owner, &id, "totp").await["config"], json!({"totp_url": TOTP}));
        let codes = shown(owner, &id, "lookup_secret").await;
        assert_eq!(codes["config"]["recovery_codes"], json!([
            {"code": "aaaa-bbbb"}, {"code": "cccc-dddd", "used_at": "2026-01-31T12:00:00Z"},
        ]));
        let keys = shown(owner, &id, "webauthn").await;
        assert_eq!(keys["config"]["user_handle"], "aGFuZGxl");
        assert_eq!(keys["config"]["credentials"][1]["id"], "Yg==");
        let oidc = shown(owner, &id, "oidc").await;
        let providers = oidc["config"]["providers"].as_array().expect("providers");
        assert_eq!(providers[0]["organization"], "018f4b1e-0000-7000-8000-000000000001");
        assert_eq!(providers[1], json!({
            "provider": "google", "subject": "Sub:1", "use_auto_link": true,
            "initial_id_token": "", "initial_access_token": "", "initial_refresh_token": "",
        }));
        let saml = shown(owner, &id, "saml").await;
        assert_eq!(saml["config"], json!({"providers": [{"provider": "adfs", "subject": "3"}]}));

        let admin = alpha.caller("admin").await;
        for kind in ["totp", "lookup_secret", "webauthn", "passkey", "password"] {
            let path = format!("/admin/identities/{id}?include_credential={kind}");
            let refused = admin.get(&path).await;
            let body = refused.refused(403, "forbidden");
            assert!(!body["notices"].as_array().expect("notices").is_empty());
            assert!(!refused.body.contains("JBSW") && !refused.body.contains("aaaa-bbbb"));
        }
        let path = format!("/admin/identities/{id}");
        assert!(!admin.get(&path).await.expect(200).body.contains("JBSW"));
    }

    async fn import_rules_on_an_existing_credential_accounts_and_codes_are_added_keys_merged_and_totp_replaced(house: House) {
        let owner = &house.alpha.owner;
        let id = create(owner, "all", everything()).await;
        let body = json!({"traits": {"email": "all@example.test"}, "credentials": {
            "oidc": {"config": {"providers": [{"provider": "google", "subject": "new"}]}},
            "totp": {"config": {"totp_url": TOTP.replace("JBSW", "KBSW")}},
            "lookup_secret": {"config": {"codes": [{"code": "eeee-ffff"}]}},
            "webauthn": {"config": {"credentials": [{"id": "YQ==", "public_key": "cGs=", "display_name": "other"}]}},
        }});
        owner.put(&format!("/iam/identities/{id}"), body).await.expect(200);
        let codes = shown(owner, &id, "lookup_secret").await["config"]["recovery_codes"].clone();
        assert_eq!(codes.as_array().map(Vec::len), Some(3));
        let keys = shown(owner, &id, "webauthn").await["config"]["credentials"].clone();
        assert_eq!((keys.as_array().map(Vec::len), &keys[0]["display_name"]), (Some(2), &json!("other")));
        let totp = shown(owner, &id, "totp").await;
        assert_eq!(totp["config"]["totp_url"], TOTP.replace("JBSW", "KBSW"));
        let oidc = shown(owner, &id, "oidc").await["config"]["providers"].clone();
        assert_eq!(oidc.as_array().map(Vec::len), Some(3));
        assert_eq!(shown(owner, &id, "password").await["config"]["hashed_password"], HASH);
    }

    async fn import_rules_a_passkey_of_another_identity_is_a_409_that_names_the_type(house: House) {
        let owner = &house.alpha.owner;
        let passkey = json!({"passkey": {"config": {
            "credentials": [{"id": "Yw==", "public_key": "cGs="}], "user_handle": "dXNlci0x",
        }}});
        create(owner, "one", passkey.clone()).await;
        let body = json!({"traits": {"email": "two@example.test"}, "credentials": passkey});
        let error = owner.post("/admin/identities", body).await.refused(409, "conflict");
        assert_eq!(error["details"]["conflicts"], json!([{"field": "credentials.passkey.identifiers"}]));
        create(&Tenant::new(house.gateway, "other").await.owner, "two", json!({})).await;
    }

    async fn delete_credentials_totp_and_lookup_secret_go_and_of_webauthn_the_keys_beside_a_password(house: House) {
        let owner = &house.alpha.owner;
        let id = create(owner, "all", everything()).await;
        for kind in ["totp", "lookup_secret", "webauthn"] {
            let gone = owner.delete(&format!("/admin/identities/{id}/credentials/{kind}")).await.expect(204);
            assert!(gone.body.is_empty());
        }
        let left = credentials(owner, &id).await;
        assert!(left.get("totp").is_none() && left.get("lookup_secret").is_none());
        let keys = shown(owner, &id, "webauthn").await["config"]["credentials"].clone();
        assert_eq!((keys.as_array().map(Vec::len), &keys[0]["id"]), (Some(1), &json!("Yg==")));
        // 204 either way.
        owner.delete(&format!("/iam/identities/{id}/credentials/webauthn")).await.expect(204);
        let events = owner.all("/v1/audit-events?action=credential:delete&page_size=500").await;
        assert_eq!(events.iter().filter(|event| event["resource"]["id"] == id.as_str()).count(), 4);
        owner.delete(&format!("/admin/identities/{id}/credentials/totp")).await.refused(404, "not_found");
    }

    async fn delete_credentials_password_keeps_its_identifiers_and_wants_another_first_factor(house: House) {
        let owner = &house.alpha.owner;
        let alone = create(owner, "alone", json!({"password": {"config": {"hashed_password": HASH}}})).await;
        let path = format!("/admin/identities/{alone}/credentials/password");
        let error = owner.delete(&path).await.refused(400, "last_first_factor");
        assert_eq!(error["error"]["reason"], "You cannot remove the last first factor credential.");
        owner.delete(&format!("{path}?force=true")).await.expect(204);
        let both = create(owner, "both", everything()).await;
        owner.delete(&format!("/admin/identities/{both}/credentials/password")).await.expect(204);
        let left = credentials(owner, &both).await;
        assert_eq!(left["password"]["identifiers"], json!(["both@example.test"]));
        assert_eq!(shown(owner, &both, "password").await["config"], json!({}));
        let verify = format!("/v1/users/{both}/verify-password");
        let answer = owner.post(&verify, json!({"password": "123456"})).await.expect(200);
        assert_eq!(answer.json(), json!({"verified": false}));
        let taken = json!({"traits": {"email": "both@example.test"}});
        owner.post("/admin/identities", taken).await.refused(409, "conflict");
    }

    async fn delete_credentials_oidc_and_saml_want_an_identifier_and_remove_that_link_in_both_views(house: House) {
        let owner = &house.alpha.owner;
        let id = create(owner, "all", everything()).await;
        let links = format!("/v1/users/{id}/identities");
        assert_eq!(owner.all(&links).await.len(), 3);
        let path = format!("/admin/identities/{id}/credentials/oidc");
        let error = owner.delete(&path).await.refused(400, "invalid_request");
        assert_eq!(error["error"]["reason"], "You must provide an identifier to delete this credential.");
        let error = owner.delete(&format!("{path}?identifier=google:none")).await.refused(404, "not_found");
        assert_eq!(
            error["error"]["reason"],
            "The identifier `google:none` was not found among OIDC credentials."
        );
        owner.delete(&format!("{path}?identifier=google:Sub%3A1")).await.expect(204);
        let left = owner.all(&links).await;
        assert_eq!(left.len(), 2);
        assert!(left.iter().all(|link| link["external_id"] != "Sub:1"));
        assert_eq!(credentials(owner, &id).await["oidc"]["identifiers"], json!(["github:2"]));
        let unlinks = owner.all("/v1/audit-events?action=external_identity:unlink").await;
        assert_eq!(unlinks.len(), 1, "the link has an event of its own");
        // The subject is free again.
        create(owner, "again", json!({"oidc": {"config": {"providers": [{"provider": "google", "subject": "Sub:1"}]}}})).await;
        owner.delete(&format!("/admin/identities/{id}/credentials/saml?identifier=adfs:3")).await.expect(204);
        assert!(credentials(owner, &id).await.get("saml").is_none());
    }

    async fn delete_credentials_oidc_looks_at_the_last_first_factor_before_the_identifier(house: House) {
        let (alpha, owner) = (&house.alpha, &house.alpha.owner);
        // Ada has one account, and no password.
        for query in ["", "?identifier=corp:none", "?identifier=corp:sub-ada"] {
            let path = format!("{}{query}", place(alpha, "oidc"));
            owner.delete(&path).await.refused(400, "last_first_factor");
        }
        let link = format!("/v1/users/{}/identities", alpha.ada);
        assert_eq!(owner.all(&link).await.len(), 1);
    }

    async fn delete_credentials_a_link_that_a_scim_client_manages_stays_unless_forced(house: House) {
        let owner = &house.alpha.owner;
        let id = create(owner, "all", everything()).await;
        // No caller can make such a link yet.
        let managed = format!(
            "UPDATE external_identities SET linked_by = 'scim' WHERE tenant_id = {} AND external_id = '2'",
            literal(house.gateway.database(), &house.alpha.id),
        );
        connect(house.gateway.database()).await.execute_unprepared(&managed).await.expect("is marked");
        let path = format!("/admin/identities/{id}/credentials/oidc?identifier=github:2");
        owner.delete(&path).await.refused(409, "managed_by_scim");
        assert_eq!(credentials(owner, &id).await["oidc"]["identifiers"], json!(["github:2", "google:Sub:1"]));
        owner.delete(&format!("{path}&force=true")).await.expect(204);
        assert_eq!(owner.all(&format!("/v1/users/{id}/identities")).await.len(), 2);
    }

    async fn delete_credentials_a_policy_on_unlinking_holds_here_too(house: House) {
        let (alpha, owner) = (&house.alpha, &house.alpha.owner);
        let id = create(owner, "all", everything()).await;
        let policy = r#"@notice("links are kept")
            forbid(principal, action == Palisade::Action::"external_identity:unlink", resource);"#;
        alpha.owner.put("/v1/policies/keep", json!({"policy": policy})).await.expect(201);
        let path = format!("/admin/identities/{id}/credentials/oidc?identifier=github:2");
        let refused = owner.delete(&path).await.refused(403, "forbidden");
        assert_eq!(refused["notices"], json!(["links are kept"]));
        assert_eq!(owner.all(&format!("/v1/users/{id}/identities")).await.len(), 3);
    }

    async fn delete_credentials_looks_at_the_identity_then_the_type_then_its_rule(house: House) {
        let (alpha, owner) = (&house.alpha, &house.alpha.owner);
        let nobody = crate::database::random_id();
        owner.delete(&format!("/admin/identities/{nobody}/credentials/totp")).await.refused(404, "not_found");
        owner.delete("/admin/identities/x/credentials/totp").await.refused(404, "not_found");
        for kind in ["totp", "passkey", "saml", "profile", "nonsense"] {
            let error = owner.delete(&place(alpha, kind)).await.refused(404, "not_found");
            let reason = format!("You tried to remove a {kind} but this user have no {kind} set up.");
            assert_eq!(error["error"]["reason"], reason);
        }
        let error = owner.delete(&place(alpha, "code")).await.refused(400, "invalid_request");
        assert_eq!(error["error"]["reason"], "Credentials type code cannot be deleted.");
        let device = format!("/admin/identities/{nobody}/credentials/deviceauthn");
        owner.delete(&device).await.refused(400, "invalid_request");
        owner.delete(&format!("{device}?identifier=x")).await.refused(404, "not_found");
        let viewer = alpha.caller("viewer").await;
        viewer.delete(&place(alpha, "code")).await.refused(403, "forbidden");
    }

    async fn delete_credentials_honours_if_match(house: House) {
        let owner = &house.alpha.owner;
        let id = create(owner, "all", everything()).await;
        let path = format!("/admin/identities/{id}/credentials/totp");
        let with = |tag: &str| {
            let request = owner.request(reqwest::Method::DELETE, &path);
            crate::client::send(request.header("If-Match", tag.to_owned()))
        };
        with("\"7\"").await.refused(412, "stale_resource");
        with("\"1\"").await.expect(204);
    }
}

on_both_databases! {
    async fn delete_credentials_first_factors_are_password_accounts_passkeys_and_passwordless_keys(house: House) {
        let owner = &house.alpha.owner;
        let password = json!({"config": {"hashed_password": HASH}});
        let account = |subject: &str| json!({"provider": "corp", "subject": subject});
        let key = |passwordless: bool| json!({"config": {"credentials": [{"id": "YQ==", "public_key": "cGs=", "is_passwordless": passwordless}],
            "user_handle": "aGFuZGxl"}});
        let passkey = json!({"config": {"credentials": [{"id": "Yw==", "public_key": "cGs="}], "user_handle": "dXNlci0x"}});
        for (name, others, enough) in [
            ("identifiers", json!({}), false),
            ("totp", json!({"totp": {"config": {"totp_url": TOTP}}}), false),
            ("code", json!({"lookup_secret": {"config": {"codes": [{"code": "a"}]}}}), false),
            ("key", json!({"webauthn": key(false)}), false),
            ("account", json!({"oidc": {"config": {"providers": [account("f1")]}}}), true),
            ("saml", json!({"saml": {"config": {"providers": [{"provider": "adfs", "subject": "f2"}]}}}), true),
            ("passkey", json!({"passkey": passkey}), true),
        ] {
            let mut all = others;
            all["password"] = password.clone();
            let id = create(owner, &format!("factor-{name}"), all).await;
            let reply = owner.delete(&format!("/admin/identities/{id}/credentials/password")).await;
            if enough {
                reply.expect(204);
            } else {
                reply.refused(400, "last_first_factor");
            }
        }
        // Two accounts: one of them can go, and then none.
        let two = json!({"oidc": {"config": {"providers": [account("g1"), account("g2")]}}});
        let id = create(owner, "factor-two", two).await;
        let path = |subject: &str| format!("/admin/identities/{id}/credentials/oidc?identifier=corp:{subject}");
        owner.delete(&path("g1")).await.expect(204);
        owner.delete(&path("g2")).await.refused(400, "last_first_factor");
    }

    async fn delete_credentials_code_and_passkey_can_not_be_deleted(house: House) {
        let owner = &house.alpha.owner;
        let id = create(owner, "all", everything()).await;
        for kind in ["code", "passkey"] {
            let refused = owner.delete(&format!("/admin/identities/{id}/credentials/{kind}")).await.refused(400, "invalid_request");
            assert_eq!(refused["error"]["reason"], format!("Credentials type {kind} cannot be deleted."));
        }
    }

    async fn delete_credentials_deviceauthn_wants_an_identifier_before_all_else(house: House) {
        let owner = &house.alpha.owner;
        for id in [house.alpha.ada.clone(), crate::database::random_id()] {
            let path = format!("/admin/identities/{id}/credentials/deviceauthn");
            owner.delete(&path).await.refused(400, "invalid_request");
            owner.delete(&format!("{path}?identifier=key")).await.refused(404, "not_found");
        }
    }

    async fn delete_credentials_a_passwordless_key_is_a_first_factor_where_the_traits_name_its_identifier(house: House) {
        let owner = &house.alpha.owner;
        owner.put("/v1/schemas/keys", super::keys_schema()).await.expect(201);
        let key = |id: &str, passwordless: bool| json!({"id": id, "public_key": "cGs=", "is_passwordless": passwordless});
        for (place, (schema, keys, enough)) in [
            ("keys", json!([key("YQ==", true)]), true),
            ("keys", json!([key("YQ==", false), key("Yg==", false)]), false),
            // Without an identifier nobody finds the key at a sign-in.
            ("default", json!([key("YQ==", true), key("Yg==", true)]), false),
        ].into_iter().enumerate() {
            let traits = if schema == "keys" { json!({"login": format!("l{place}")}) } else { json!({"email": format!("l{place}@example.test")}) };
            let body = json!({"schema_id": schema, "traits": traits, "credentials": {
                "webauthn": {"config": {"credentials": keys, "user_handle": "aGFuZGxl"}},
                "oidc": {"config": {"providers": [{"provider": "corp", "subject": format!("l{place}")}]}},
            }});
            let id = owner.post("/admin/identities", body).await.expect(201).text("/id");
            let reply = owner.delete(&format!("/admin/identities/{id}/credentials/oidc?identifier=corp:l{place}")).await;
            if enough {
                reply.expect(204);
            } else {
                reply.refused(400, "last_first_factor");
            }
        }
    }
}

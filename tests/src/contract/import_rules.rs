//! Credentials that come with an identity, on POST and on PUT.

use serde_json::{Value, json};

use super::{create, created, read, reason, shown};
use crate::{
    client::{Caller, Reply},
    database::random_id,
};

const BCRYPT: &str = "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq";

async fn with(owner: &Caller, email: &str, credentials: Value) -> Reply {
    let body = json!({"traits": {"email": email}, "credentials": credentials});
    owner.post("/admin/identities", body).await
}

async fn password(owner: &Caller, config: Value) -> Reply {
    let email = format!("{}@example.test", random_id());
    with(owner, &email, json!({"password": {"config": config}})).await
}

on_both_databases! {
    async fn import_rules_a_plain_password_wins_over_a_hash_and_no_policy_is_asked(house: House) {
        let owner = &house.alpha.owner;
        let made = password(owner, json!({"password": "a", "hashed_password": BCRYPT})).await.expect(201);
        let id = made.text("/id");
        let hash = shown(owner, &id, "password").await["config"]["hashed_password"].clone();
        assert!(hash.as_str().expect("a hash").starts_with("$argon2id$"), "{hash}");
        let verified = owner.post(&format!("/v1/users/{id}/verify-password"), json!({"password": "a"})).await;
        assert_eq!(verified.expect(200).json(), json!({"verified": true}));
    }

    async fn import_rules_neither_a_password_nor_a_hash_is_a_400(house: House) {
        for config in [json!({}), json!({"password": ""}), json!({"hashed_password": ""})] {
            let refused = password(&house.alpha.owner, config).await.refused(400, "invalid_request");
            assert_eq!(refused["details"]["field"], "credentials.password.config.hashed_password");
        }
    }

    async fn import_rules_an_unknown_format_and_one_that_can_not_be_parsed_are_a_400_in_orys_words(house: House) {
        let owner = &house.alpha.owner;
        for (hash, words) in [
            ("plain", "The imported password does not match any known hash format."),
            ("$2x$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq", "The imported password does not match any known hash format."),
            ("$argon2id$v=19$m=16", "The imported password hash could not be parsed."),
            ("$pbkdf2-sha256$i=x,l=32$c2FsdA$aGFzaA", "The imported password hash could not be parsed."),
        ] {
            let reply = password(owner, json!({"hashed_password": hash})).await;
            reply.refused(400, "invalid_request");
            assert_eq!(reason(&reply), words, "{hash}");
        }
    }

    async fn import_rules_a_hash_that_costs_too_much_is_a_400_in_orys_words(house: House) {
        let reply = password(&house.alpha.owner, json!({"hashed_password": BCRYPT.replace("$10$", "$16$")})).await;
        let refused = reply.refused(400, "invalid_request");
        assert!(reason(&reply).starts_with("The imported password hash declares cost parameters that exceed the bounds"), "{reply}");
        assert!(refused["details"]["expected"].as_str().expect("bounds").contains("15"), "{reply}");
    }

    async fn import_rules_a_password_that_is_elsewhere_is_kept_shown_and_told_until_it_is_set_here(house: House) {
        let owner = &house.alpha.owner;
        let hook = json!({"use_password_migration_hook": true});
        let credentials = |config: &Value| json!({"password": {"config": config}});
        let one = |email: &str, config: &Value| json!({"traits": {"email": email}, "credentials": credentials(config)});
        let made = with(owner, "one@example.test", credentials(&hook)).await.expect(201);
        // As Ory's list has it: an empty hash beside it is none.
        let exported = json!({"use_password_migration_hook": true, "hashed_password": ""});
        let batch = json!({"identities": [{"create": one("two@example.test", &exported)}]});
        let second = owner.patch("/admin/identities", batch).await.expect(200).text("/identities/0/identity");
        let verify = async |id: &str, password: &str| {
            let path = format!("/v1/users/{id}/verify-password");
            owner.post(&path, json!({"password": password})).await.expect(200).json()
        };
        for (id, email) in [(made.text("/id"), "one@example.test"), (second, "two@example.test")] {
            let path = format!("/admin/identities/{id}");
            let credential = shown(owner, &id, "password").await;
            assert_eq!((&credential["config"], &credential["identifiers"]), (&hook, &json!([email])));
            assert_eq!(verify(&id, "any").await, json!({"verified": false, "use_password_migration_hook": true}));
            // It is no way to sign in: there is nothing to sign in with.
            owner.delete(&format!("{path}/credentials/password")).await.refused(400, "last_first_factor");
            // An inactive user has nothing to fetch a password for.
            owner.put(&path, json!({"traits": {"email": email}, "state": "inactive"})).await.expect(200);
            assert_eq!(verify(&id, "any").await, json!({"verified": false}));
            assert_eq!(shown(owner, &id, "password").await["config"], hook, "a PUT that says nothing of it keeps it");
            let real = json!({"password": "correct horse"});
            let put = json!({"traits": {"email": email}, "state": "active", "credentials": credentials(&real)});
            owner.put(&path, put).await.expect(200);
            assert_eq!(verify(&id, "any").await, json!({"verified": false}));
            assert_eq!(verify(&id, "correct horse").await, json!({"verified": true}));
            assert_eq!(shown(owner, &id, "password").await["config"].get("use_password_migration_hook"), None);
            // And back.
            owner.put(&path, one(email, &hook)).await.expect(200);
            assert_eq!(verify(&id, "correct horse").await, json!({"verified": false, "use_password_migration_hook": true}));
        }
        for beside in [json!({"password": "x"}), json!({"hashed_password": BCRYPT})] {
            let mut config = hook.clone();
            config.as_object_mut().expect("an object").extend(beside.as_object().expect("an object").clone());
            let refused = password(owner, config).await.refused(400, "invalid_request");
            assert_eq!(refused["details"]["field"], "credentials.password.config.use_password_migration_hook");
        }
        password(owner, json!({"use_password_migration_hook": false, "password": "correct horse"})).await.expect(201);
        let neither = password(owner, json!({"use_password_migration_hook": false})).await.refused(400, "invalid_request");
        assert_eq!(neither["details"]["field"], "credentials.password.config.hashed_password");
    }

    async fn import_rules_oidc_and_saml_make_identifiers_of_provider_and_subject_with_case(house: House) {
        let owner = &house.alpha.owner;
        let accounts = |provider: &str, subject: &str| json!({"config": {"providers": [{"provider": provider, "subject": subject}]}});
        let both = json!({"oidc": accounts("okta", "Sub"), "saml": accounts("adfs", "Sub")});
        let made = with(owner, "eve@example.test", both).await.expect(201).json();
        for (kind, identifier) in [("oidc", "okta:Sub"), ("saml", "adfs:Sub")] {
            assert_eq!(made["credentials"][kind]["identifiers"], json!([identifier]));
            assert_eq!(made["credentials"][kind]["version"], 0);
        }
        with(owner, "other@example.test", json!({"oidc": accounts("okta", "sub")})).await.expect(201);
        with(owner, "third@example.test", json!({"oidc": accounts("okta", "Sub")})).await.refused(409, "conflict");
        // A provider has a name, and one type.
        let other = with(owner, "third@example.test", json!({"saml": accounts("okta", "Sub")})).await;
        assert_eq!(other.refused(400, "invalid_request")["details"]["field"], "credentials.saml.config.providers");
        for (provider, subject, field) in [("", "s", "provider"), ("p", "", "subject")] {
            let bad = json!({"oidc": {"config": {"providers": [{"provider": provider, "subject": subject}]}}});
            let refused = with(owner, "bad@example.test", bad).await.refused(400, "invalid_request");
            assert_eq!(refused["details"]["field"], format!("credentials.oidc.config.providers.0.{field}"));
        }
    }

    async fn import_rules_totp_and_lookup_secret_have_the_identitys_id_as_identifier(house: House) {
        let owner = &house.alpha.owner;
        let credentials = json!({
            "totp": {"config": {"totp_url": "otpauth://totp/a:b?secret=JBSWY3DPEHPK3PXP"}},
            "lookup_secret": {"config": {"codes": [{"code": "one"}, {"code": "two", "used_at": "2026-01-01T00:00:00Z"}]}},
        });
        let id = with(owner, "eve@example.test", credentials).await.expect(201).text("/id");
        let all = read(owner, &id).await["credentials"].clone();
        assert_eq!((&all["totp"]["identifiers"], &all["lookup_secret"]["identifiers"]), (&json!([id]), &json!([id])));
        let codes = shown(owner, &id, "lookup_secret").await["config"]["recovery_codes"].clone();
        assert_eq!((&codes[0]["code"], &codes[1]["code"]), (&json!("one"), &json!("two")));
        assert!(codes[1]["used_at"].is_string());
    }

    async fn import_rules_a_passkey_wants_a_user_handle_and_a_credential(house: House) {
        let owner = &house.alpha.owner;
        let passkey = |config: Value| with(owner, "eve@example.test", json!({"passkey": {"config": config}}));
        let key = json!({"id": "Yw==", "public_key": "cGs="});
        let reply = passkey(json!({"credentials": [key]})).await;
        reply.refused(400, "invalid_request");
        assert!(reason(&reply).starts_with("Passkey credential import requires a non-empty user_handle."), "{reply}");
        passkey(json!({"credentials": [], "user_handle": "aGFuZGxl"})).await.refused(400, "invalid_request");
        passkey(json!({"credentials": [key], "user_handle": "aGFuZGxl"})).await.expect(201);
    }

    async fn import_rules_a_put_replaces_the_password(house: House) {
        let owner = &house.alpha.owner;
        let id = create(owner, "eve@example.test").await;
        let body = json!({"traits": {"email": "eve@example.test"}, "credentials": {"password": {"config": {"hashed_password": BCRYPT}}}});
        let path = format!("/admin/identities/{id}");
        owner.put(&path, body.clone()).await.expect(200);
        assert_eq!(shown(owner, &id, "password").await["config"], json!({"hashed_password": BCRYPT}));
        let other = BCRYPT.replace("tm90", "tm91");
        let mut again = body;
        again["credentials"]["password"]["config"]["hashed_password"] = json!(other);
        owner.put(&path, again).await.expect(200);
        assert_eq!(shown(owner, &id, "password").await["config"], json!({"hashed_password": other}));
    }

    async fn import_rules_what_the_traits_name_is_code_and_password_identifier_in_normal_form(house: House) {
        let made = created(&house.alpha.owner, json!({"traits": {"email": "Ev\u{ff45}@Example.test"}})).await.json();
        for kind in ["password", "code"] {
            assert_eq!(made["credentials"][kind]["identifiers"], json!(["eve@example.test"]), "{kind}");
            assert_eq!(made["credentials"][kind]["version"], 1);
        }
        let id = made["id"].as_str().expect("an id");
        assert_eq!(
            shown(&house.alpha.owner, id, "code").await["config"],
            json!({"addresses": [{"channel": "email", "address": "eve@example.test"}]})
        );
    }

    async fn import_rules_the_same_account_again_in_a_put_changes_nothing(house: House) {
        let owner = &house.alpha.owner;
        let account = json!({"oidc": {"config": {"providers": [{"provider": "corp", "subject": "Sub-Eve"}]}}});
        let id = with(owner, "eve@example.test", account.clone()).await.expect(201).text("/id");
        let links = format!("/v1/users/{id}/identities");
        let before = owner.all(&links).await;
        let body = json!({"traits": {"email": "eve@example.test"}, "credentials": account});
        let after = owner.put(&format!("/admin/identities/{id}"), body.clone()).await.expect(200).json();
        assert_eq!(after["credentials"]["oidc"]["identifiers"], json!(["corp:Sub-Eve"]));
        assert_eq!(owner.all(&links).await, before);
        // Twice in one body is the account once.
        let mut twice = body;
        let one = json!({"provider": "corp", "subject": "Sub-Two"});
        twice["credentials"]["oidc"]["config"]["providers"] = json!([one, one]);
        let after = owner.put(&format!("/admin/identities/{id}"), twice).await.expect(200).json();
        assert_eq!(after["credentials"]["oidc"]["identifiers"], json!(["corp:Sub-Eve", "corp:Sub-Two"]));
        assert_eq!(owner.all(&links).await.len(), 2);
    }

    async fn import_rules_passkeys_are_merged_by_their_ids(house: House) {
        let owner = &house.alpha.owner;
        let key = |id: &str, name: &str| json!({"id": id, "public_key": "cGs=", "display_name": name});
        let keys = |keys: Value| json!({"passkey": {"config": {"credentials": keys, "user_handle": "dXNlci0x"}}});
        let id = with(owner, "eve@example.test", keys(json!([key("YQ==", "first"), key("Yg==", "second")]))).await.expect(201).text("/id");
        let body = json!({"traits": {"email": "eve@example.test"}, "credentials": keys(json!([key("Yg==", "renamed"), key("Yw==", "third")]))});
        owner.put(&format!("/admin/identities/{id}"), body).await.expect(200);
        let config = shown(owner, &id, "passkey").await["config"].clone();
        let mut names: Vec<_> = config["credentials"].as_array().expect("keys").iter().map(|key| (key["id"].clone(), key["display_name"].clone())).collect();
        names.sort_by_key(|(id, _)| id.to_string());
        let expected = [("YQ==", "first"), ("Yg==", "renamed"), ("Yw==", "third")].map(|(id, name)| (json!(id), json!(name)));
        assert_eq!(names, expected);
        assert_eq!(config["user_handle"], "dXNlci0x");
        assert_eq!(read(owner, &id).await["credentials"]["passkey"]["identifiers"], json!(["user-1"]));
    }
}

//! What each format becomes.

use serde_json::json;

use super::{Desk, HASH, find, fits, person};

/// PBKDF2 of `letmein` under the salt of Keycloak's fixture.
const PBKDF2: &str =
    "ws7m1qlGXxWylftf3h6QB5Pgne8oWkSuQDp5ub9jnxtat23fCaDP90jiy8E2dbemJ7i8MAJVigyYohvL8jVxeA==";

on_both_databases! {
    async fn identities_of_ory_come_as_they_were(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        let mut eve = person("eve");
        let more = json!({
            "id": "7f0d3c52-93a5-4b0c-8a51-0f2b7a0d1c11", "schema_url": "https://ory.example/schemas/ZGVmYXVsdA",
            "state": "inactive", "state_changed_at": "2024-03-01T10:00:00Z", "external_id": "eve",
            "created_at": "2023-01-02T03:04:05.123456Z", "updated_at": "2024-03-02T10:00:00Z",
            "metadata_public": {"a": 1}, "metadata_admin": null, "organization_id": null,
            "verifiable_addresses": [{"value": "eve@example.test", "via": "email", "verified": true, "status": "completed",
                "verified_at": "2023-02-02T00:00:00Z", "created_at": "2023-01-02T03:04:05Z", "updated_at": "2023-02-02T00:00:00Z"}],
        });
        eve.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        desk.write_lines("ory.jsonl", &[eve.clone(), person("joe")]);
        let done = desk.run("import --from ory --json ory.jsonl").await.code(0);
        assert_eq!(done.counts(), [2, 2, 0, 0]);
        assert!(desk.rejected("ory.jsonl").is_none(), "nothing was rejected");

        let made = find(owner, "eve@example.test").await;
        for name in ["state", "state_changed_at", "created_at", "updated_at", "external_id", "metadata_public", "metadata_admin", "traits"] {
            assert_eq!(made[name], eve[name], "{name}");
        }
        assert_ne!(made["id"], eve["id"], "a new one");
        let address = &made["verifiable_addresses"][0];
        for name in ["verified", "status", "verified_at", "created_at", "updated_at"] {
            assert_eq!(address[name], eve["verifiable_addresses"][0][name], "{name}");
        }
        let joe = find(owner, "joe@example.test").await;
        assert_eq!(joe["credentials"]["password"]["config"]["hashed_password"], HASH);
        assert!(fits(owner, &joe, "123456").await && !fits(owner, &joe, "654321").await);

        // Each is in the trail under the key's own name, and one request id.
        let trail = owner.all("/v1/audit-events?action=identity:create&page_size=500").await;
        let mine: Vec<_> = trail
            .iter()
            .filter(|event| event["resource"]["id"] == made["id"] || event["resource"]["id"] == joe["id"])
            .collect();
        assert_eq!(mine.len(), 2);
        assert!(mine.iter().all(|event| event["actor"]["type"] == "ApiKey" || event["actor"]["kind"] == "ApiKey"), "{mine:?}");
        assert_eq!(mine[0]["request_id"], mine[1]["request_id"]);

        // The same again is done already; anew, everything is there already.
        let again = desk.run("import --from ory --json ory.jsonl").await.code(0);
        assert_eq!(again.says("is finished already").counts(), [2, 2, 0, 0]);
        let anew = desk.run("import --from ory --json --again ory.jsonl").await.code(1);
        assert_eq!(anew.counts(), [2, 0, 2, 2]);
        let rejected = desk.rejected_lines("ory.jsonl");
        assert_eq!(rejected.len(), 2);
        let fields = rejected[0]["conflicts"].to_string();
        assert!(fields.contains("external_id") && fields.contains("credentials.password.identifiers"), "{fields}");
    }

    async fn ids_are_kept_where_that_is_asked_for(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        let with_id = |name: &str, id: &str| {
            let mut person = person(name);
            person["id"] = id.into();
            person
        };
        let id = crate::database::random_id();
        desk.write_lines("ory.jsonl", &[
            with_id("eve", &id), with_id("joe", &id), with_id("sam", &house.alpha.ada), with_id("kim", "no-uuid"),
            // Another tenant's are free here.
            with_id("lou", &house.twin.ada),
        ]);
        let done = desk.run("import --from ory --keep-ids --json ory.jsonl").await.code(1);
        assert_eq!(done.counts(), [5, 3, 2, 2]);
        assert_eq!(find(owner, "eve@example.test").await["id"], id);
        assert_eq!(find(owner, "lou@example.test").await["id"], house.twin.ada);
        let rejected = desk.rejected_lines("ory.jsonl");
        let told: Vec<_> = rejected.iter().map(|line| (line["row"].clone(), line["conflicts"].clone())).collect();
        assert_eq!(told, [(json!(2), json!([{"field": "id"}])), (json!(3), json!([{"field": "id"}]))]);
    }

    async fn users_of_a_keycloak_realm_sign_in_with_their_passwords(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        let secret = json!({"value": PBKDF2, "salt": "c2FsdHNhbHRzYWx0c2FsdA==", "additionalParameters": {}});
        let data = json!({"hashIterations": 27_500, "algorithm": "pbkdf2-sha256", "additionalParameters": {}});
        let realm = json!({"id": "r", "realm": "acme", "clients": [{"clientId": "x"}], "users": [
            {"id": "5a0e2f6e-1c4a-4a53-9f6f-0d1a2b3c4d5e", "username": "kay", "email": "kay@example.test", "emailVerified": true,
                "enabled": true, "firstName": "Kay", "lastName": "Lindqvist", "createdTimestamp": 1_577_934_245_678_i64,
                "federatedIdentities": [{"identityProvider": "corp", "userId": "kay-1", "userName": "kay"}],
                "credentials": [{"type": "password", "secretData": secret.to_string(), "credentialData": data.to_string()}]},
            {"username": "service-account-x", "enabled": true, "serviceAccountClientId": "x"},
        ], "roles": {}});
        desk.write("realm.json", realm.to_string());
        let done = desk.run("import --from keycloak --json realm.json").await.code(1);
        assert_eq!(done.counts(), [2, 1, 1, 0]);
        let kay = find(owner, "kay@example.test").await;
        assert_eq!(kay["traits"]["name"], json!({"first": "Kay", "last": "Lindqvist"}));
        assert_eq!(kay["verifiable_addresses"][0]["verified"], true);
        assert_eq!(kay["created_at"], "2020-01-02T03:04:05.678Z");
        assert_eq!(kay["metadata_admin"]["keycloak"]["username"], "kay");
        assert_eq!(kay["credentials"]["oidc"]["identifiers"], json!(["corp:kay-1"]));
        assert!(fits(owner, &kay, "letmein").await && !fits(owner, &kay, "letmeout").await);
        let rejected = desk.rejected_lines("realm.json");
        assert_eq!((&rejected[0]["row"], &rejected[0]["field"]), (&json!(2), &json!("traits.email")));
        assert_eq!(rejected[0]["source"]["username"], "service-account-x");
    }

    async fn users_of_auth0_sign_in_with_their_passwords(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        desk.write_lines("users.ndjson", &[
            json!({"user_id": "auth0|5f7c8ec7c33c6c004bbafe82", "email": "kay@example.test", "email_verified": true,
                "given_name": "Kay", "created_at": "2020-10-06T15:34:15.978Z", "passwordHash": HASH,
                "user_metadata": {"theme": "dark"}, "app_metadata": {"plan": "pro"},
                "identities": [{"provider": "auth0", "user_id": "5f7c8ec7c33c6c004bbafe82", "connection": "Users"},
                    {"provider": "google-oauth2", "user_id": "77", "connection": "google-oauth2", "isSocial": true}]}),
            json!({"user_id": "auth0|2", "email": "sam@example.test", "custom_password_hash": {"algorithm": "rot13"}}),
        ]);
        let done = desk.run("import --from auth0 --json users.ndjson").await.code(1);
        assert_eq!(done.counts(), [2, 1, 1, 0]);
        let kay = find(owner, "kay@example.test").await;
        assert_eq!(kay["external_id"], "auth0|5f7c8ec7c33c6c004bbafe82");
        assert_eq!((&kay["metadata_public"], &kay["metadata_admin"]), (&json!({"theme": "dark"}), &json!({"plan": "pro"})));
        assert_eq!(kay["credentials"]["oidc"]["identifiers"], json!(["google-oauth2:77"]));
        assert!(fits(owner, &kay, "123456").await);
        let id = kay["id"].as_str().expect("an id");
        let links = owner.all(&format!("/v1/users/{id}/identities")).await;
        assert_eq!(links.len(), 1, "the account is linked: {links:?}");
        let rejected = desk.rejected_lines("users.ndjson");
        assert_eq!(rejected[0]["field"], "custom_password_hash.algorithm");
    }

    async fn columns_become_what_the_mapping_says(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        desk.write("people.csv", "email,first_name,email_verified,password\nkay@example.test,Kay,true,correct horse\n\
            not an address,Sam,,\nsam@example.test,Sam,perhaps,\n");
        let done = desk.run("import --from csv --json people.csv").await.code(1);
        assert_eq!(done.counts(), [3, 1, 2, 0]);
        let kay = find(owner, "kay@example.test").await;
        assert_eq!((&kay["traits"]["name"]["first"], &kay["verifiable_addresses"][0]["verified"]), (&json!("Kay"), &json!(true)));
        let hash = kay["credentials"]["password"]["config"]["hashed_password"].as_str().expect("a hash");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(fits(owner, &kay, "correct horse").await);
        let rejected = desk.rejected_lines("people.csv");
        assert_eq!((&rejected[0]["field"], &rejected[1]["field"]), (&json!("traits.email"), &json!("verified")));

        // Corrected where they stand, the rows are known by their columns; what is still wrong makes nothing.
        let before = super::count(owner).await;
        let mut corrected = rejected.clone();
        corrected[0]["source"]["email"] = "tim@example.test".into();
        corrected[1]["source"]["shoe"] = "42".into();
        desk.write_lines("corrected.jsonl", &corrected);
        let done = desk.run("import --from csv --json corrected.jsonl").await.code(1);
        assert_eq!(done.counts(), [2, 1, 1, 0]);
        let tim = find(owner, "tim@example.test").await;
        assert_eq!(tim["traits"]["name"]["first"], "Sam");
        assert_eq!(desk.rejected_lines("corrected.jsonl")[0]["field"], "shoe");
        assert_eq!(super::count(owner).await, before + 1);

        // A cell too few or too many is put where it belongs, too.
        desk.write("short.csv", "email,first_name\nuna@example.test\nvic@example.test,Vic,x\n");
        desk.run("import --from csv short.csv").await.code(1);
        let mut corrected = desk.rejected_lines("short.csv");
        assert_eq!(corrected[0]["source"], json!({"email": "una@example.test"}));
        corrected[1]["source"].as_object_mut().expect("an object").remove("cells beyond the header");
        desk.write_lines("whole.jsonl", &corrected);
        desk.run("import --from csv whole.jsonl").await.code(0);
        assert_eq!(find(owner, "vic@example.test").await["traits"]["name"]["first"], "Vic");

        desk.write("map.toml", "delimiter = \";\"\n[fields]\n\"traits.nick\" = \"Nick\"\nexternal_id = \"No\"\n\
            state = { from = \"On\", values = { ja = \"active\", nein = \"inactive\" } }\n\
            [constants]\nschema_id = \"customer\"\n\"metadata_admin.source\" = \"till\"\n");
        desk.write("till.csv", "No;Nick;On;Unused\n17;\"Kay; K.\";nein;x\n");
        desk.run("import --from csv --mapping map.toml till.csv").await.code(0);
        let made = owner.get("/admin/identities/by/external/17").await.expect(200).json();
        assert_eq!((&made["traits"], &made["state"], &made["schema_id"]), (&json!({"nick": "Kay; K."}), &json!("inactive"), &json!("customer")));
        assert_eq!(made["metadata_admin"], json!({"source": "till"}));

        desk.write("odd.csv", "email,shoe size\na@example.test,42\n");
        desk.run("import --from csv odd.csv").await.code(1).says("column 2 of 2");
        desk.run("import --from csv --mapping map.toml odd.csv").await.code(1).says("column");
    }

    async fn abuse_33_a_verified_flag_is_of_the_address_that_it_was_about(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        // What users write into an attribute of theirs is nobody's verified address.
        let user = |name: &str, work: &str| json!({"id": crate::database::random_id(), "email": format!("{name}@evil.test"),
            "emailVerified": true, "attributes": {"workmail": [work]}});
        desk.write("realm.json", json!({"users": [user("mallory", "ceo@victim.test"), user("honest", "HONEST@evil.test")]}).to_string());
        desk.write("keycloak.toml", "[fields]\n\"traits.email\" = \"attributes.workmail.0\"\n");
        desk.run("import --from keycloak --mapping keycloak.toml realm.json").await.code(0);
        desk.write_lines("users.ndjson", &[json!({"user_id": "auth0|1", "email": "mallory@evil.test", "email_verified": true,
            "user_metadata": {"email": "cfo@victim.test"}})]);
        desk.write("auth0.toml", "without = [\"metadata_public\"]\n[fields]\n\"traits.email\" = \"user_metadata.email\"\n");
        desk.run("import --from auth0 --mapping auth0.toml users.ndjson").await.code(0);
        let mut told = Vec::new();
        for email in ["ceo@victim.test", "cfo@victim.test", "honest@evil.test"] {
            let made = find(owner, email).await;
            let addresses = made["verifiable_addresses"].as_array().expect("a list").clone();
            assert_eq!(addresses.len(), 1, "{addresses:?}");
            told.push((addresses[0]["value"] == email, addresses[0]["verified"].clone(), addresses[0]["status"].clone()));
        }
        let pending = (true, json!(false), json!("pending"));
        assert_eq!(told, [pending.clone(), pending, (true, json!(true), json!("completed"))]);
    }
}

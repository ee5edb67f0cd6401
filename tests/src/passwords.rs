//! Passwords: hashes of every family come in, are checked, and give way to stronger ones.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    client::{Caller, Reply},
    database::random_id,
};

const VECTORS: &str = include_str!("../vectors/password-hashes.tsv");

/// Family, password and hash.
fn vectors() -> Vec<[&'static str; 3]> {
    VECTORS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            [fields[0], fields[1], fields[2]]
        })
        .collect()
}

async fn import(owner: &Caller, name: &str, hash: &str) -> Reply {
    let body = json!({
        "traits": {"email": format!("{name}@example.test")},
        "credentials": {"password": {"config": {"hashed_password": hash}}},
    });
    owner.post("/admin/identities", body).await
}

async fn verify(owner: &Caller, id: &str, password: &str) -> Reply {
    let path = format!("/v1/users/{id}/verify-password");
    owner.post(&path, json!({"password": password})).await
}

async fn verified(owner: &Caller, id: &str, password: &str) -> bool {
    let body = verify(owner, id, password).await.expect(200).json();
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
    body["verified"].as_bool().expect("a flag")
}

async fn kept(owner: &Caller, id: &str) -> String {
    let path = format!("/admin/identities/{id}?include_credential=password");
    let reply = owner.get(&path).await.expect(200);
    reply.text("/credentials/password/config/hashed_password")
}

async fn rehashes(owner: &Caller, id: &str) -> usize {
    let events = owner
        .all("/v1/audit-events?action=credential:verify&page_size=500")
        .await;
    let mine = |event: &&Value| event["resource"]["id"] == id;
    events.iter().filter(mine).count()
}

on_both_databases! {
    async fn the_password_of_each_familys_vector_verifies_and_a_wrong_one_does_not(house: House) {
        let owner = &house.alpha.owner;
        let cases = vectors();
        let checks = cases.iter().enumerate().map(|(number, [family, password, hash])| async move {
            let made = import(owner, &format!("vector-{number}"), hash).await.expect(201);
            let id = made.text("/id");
            assert!(made.json()["credentials"]["password"].get("config").is_none());
            assert_eq!(kept(owner, &id).await, *hash, "{family}");
            assert!(!verified(owner, &id, "a wrong one").await, "{family}");
            assert_eq!(kept(owner, &id).await, *hash, "{family}: a wrong one changes nothing");
            let tag = owner.get(&format!("/admin/identities/{id}")).await;
            assert!(verified(owner, &id, password).await, "{family}: {hash}");
            let fresh = kept(owner, &id).await;
            assert!(fresh.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{family}: {fresh}");
            assert_eq!(rehashes(owner, &id).await, 1, "{family}");
            assert!(verified(owner, &id, password).await, "{family}, with the new hash");
            assert!(!verified(owner, &id, "a wrong one").await, "{family}");
            assert_eq!(kept(owner, &id).await, fresh);
            assert_eq!(rehashes(owner, &id).await, 1, "{family}: once");
            let after = owner.get(&format!("/admin/identities/{id}")).await;
            assert_eq!((after.header("etag"), &after.body), (tag.header("etag"), &tag.body));
        });
        join_all(checks).await;
    }

    async fn a_plain_password_is_hashed_and_verifies_after_create_and_put(house: House) {
        let owner = &house.alpha.owner;
        let plain = |password: &str| {
            json!({
                "traits": {"email": "plain@example.test"},
                "credentials": {"password": {"config": {"password": password}}},
            })
        };
        let id = owner.post("/admin/identities", plain("first")).await.expect(201).text("/id");
        assert!(verified(owner, &id, "first").await);
        owner.put(&format!("/admin/identities/{id}"), plain("second")).await.expect(200);
        assert!(!verified(owner, &id, "first").await);
        assert!(verified(owner, &id, "second").await);
        assert_eq!(rehashes(owner, &id).await, 0, "nothing to make stronger");
    }

    async fn no_password_an_inactive_user_and_an_empty_password_are_false_and_nobody_is_404(
        house: House,
    ) {
        let owner = &house.alpha.owner;
        assert!(!verified(owner, &house.alpha.ada, "any").await, "there is none");
        // The MD5 of nothing.
        let id = import(owner, "empty", "$md5$1B2M2Y8AsgTpgAmY7PhCfg==").await.expect(201).text("/id");
        assert!(!verified(owner, &id, "").await);
        let id = import(owner, "asleep", "$md5$4QrcOUm6Wau+VuBX8g+IPg==").await.expect(201).text("/id");
        let state = |state: &str| json!([{"op": "replace", "path": "/state", "value": state}]);
        let path = format!("/admin/identities/{id}");
        owner.patch(&path, state("inactive")).await.expect(200);
        assert!(!verified(owner, &id, "123456").await, "inactive");
        owner.patch(&path, state("active")).await.expect(200);
        assert!(verified(owner, &id, "123456").await, "active again");
        verify(owner, &random_id(), "any").await.refused(404, "not_found");
        verify(&house.twin.owner, &id, "123456").await.refused(404, "not_found");
        verify(owner, "x", "any").await.refused(400, "invalid_id");
    }

    async fn a_body_without_a_password_is_refused_by_the_fields_name(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        let path = format!("/v1/users/{ada}/verify-password");
        for body in [json!({}), json!({"password": 7}), json!({"password": null})] {
            let error = owner.post(&path, body).await.refused(400, "invalid_request");
            assert_eq!(error["details"]["field"], "password");
        }
        let error = owner.post(&path, json!({"password": "x", "user": "y"})).await;
        error.refused(400, "unknown_field");
        let long = owner.post(&path, json!({"password": "x".repeat(4_097)})).await;
        assert_eq!(long.refused(400, "invalid_request")["details"]["field"], "password");
    }

    async fn abuse_54_imported_hashes_out_of_bounds_are_refused_naming_field_and_limit(house: House) {
        let owner = &house.alpha.owner;
        let before = house.alpha.rows().await;
        let begun = Instant::now();
        for (hash, limit) in [
            ("$argon2id$v=19$m=4194304,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg", "1048576"),
            ("$2b$31$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq", "15"),
            ("$pbkdf2-sha256$i=1000000000,l=128$e8/arsEf4cvQihdNgqj0Nw$5xQQKNTyeTHx2Ld5/JDE7A", "10000000"),
            ("$scrypt$ln=262144,r=8,p=1$ZtQva9xCHzlSELH/mA7Kj5KjH2tCrkbwYzdxknkL0QQ=$pnTcXKaWVT+FwFDdk3vO1K0J7ZgOxdSU1tCJNYmn8zI=", "131072"),
            ("$firescrypt$ln=18,r=8,p=1$MTIz$MTIzNDU2$Bw==$MTIzNDU2", "17"),
            ("$sha512-crypt$rounds=999999999$salt$abc", "1000000"),
        ] {
            let error = import(owner, "costly", hash).await.refused(400, "invalid_request");
            assert_eq!(error["details"]["field"], "credentials.password.config.hashed_password");
            let expected = error["details"]["expected"].as_str().expect("the bounds");
            assert!(expected.contains(limit), "{expected}");
            assert!(!error.to_string().contains("ZsCsoVQ3"));
        }
        // 60 bytes that are not 60 characters.
        let wide = format!("$2b$10${}", "ü".repeat(27));
        import(owner, "wide", &wide).await.refused(400, "invalid_request");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(house.alpha.rows().await, before);
    }

    async fn abuse_55_the_time_of_a_wrong_password_does_not_tell_what_is_kept(house: House) {
        let owner = &house.alpha.owner;
        let mut users = vec![("none", house.alpha.bob.clone())];
        for (family, hash) in [
            ("md5", "$md5$4QrcOUm6Wau+VuBX8g+IPg=="),
            ("bcrypt", "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq"),
            ("scrypt", "$scrypt$ln=16384,r=8,p=1$ZtQva9xCHzlSELH/mA7Kj5KjH2tCrkbwYzdxknkL0QQ=$pnTcXKaWVT+FwFDdk3vO1K0J7ZgOxdSU1tCJNYmn8zI="),
        ] {
            let id = import(owner, &format!("time-{family}"), hash).await.expect(201).text("/id");
            users.push((family, id));
        }
        let plain = json!({
            "traits": {"email": "time-argon2@example.test"},
            "credentials": {"password": {"config": {"password": "first"}}},
        });
        let id = owner.post("/admin/identities", plain).await.expect(201).text("/id");
        users.push(("argon2id", id));
        let mut least = Vec::new();
        for (family, id) in &users {
            let mut times = Vec::new();
            for _ in 0..3 {
                let begun = Instant::now();
                assert!(!verified(owner, id, "wrong").await);
                times.push(begun.elapsed());
            }
            least.push((family, times.into_iter().min().expect("three")));
        }
        // All wait for the same moment; what is left is what the network and a busy machine do.
        let (shortest, longest) = (
            least.iter().map(|(_, time)| *time).min().expect("some"),
            least.iter().map(|(_, time)| *time).max().expect("some"),
        );
        assert!(shortest >= Duration::from_millis(500), "{least:?}");
        assert!(longest < shortest + Duration::from_millis(150), "{least:?}");
    }

    async fn abuse_58_attempts_at_one_user_are_limited_and_those_at_others_are_not(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        let attempts = join_all((0..12).map(|_| verify(owner, ada, "guess"))).await;
        let limited: Vec<&Reply> = attempts.iter().filter(|reply| reply.status != 200).collect();
        assert!(!limited.is_empty() && limited.len() <= 2, "{}", limited.len());
        for reply in limited {
            let error = reply.refused(429, "rate_limited");
            let wait: u64 = reply.header("retry-after").parse().expect("seconds");
            assert!((1..=7).contains(&wait), "{wait}");
            assert_eq!(error["details"]["retry_after_seconds"], wait);
        }
        assert!(!verified(owner, &house.alpha.bob, "guess").await);
        assert!(!verified(&house.twin.owner, &house.twin.ada, "guess").await);
    }

    async fn checking_passwords_is_an_action_of_its_own(house: House) {
        let alpha = &house.alpha;
        let id = import(&alpha.owner, "own", "$md5$4QrcOUm6Wau+VuBX8g+IPg==").await.expect(201).text("/id");
        let viewer = alpha.caller("viewer").await;
        verify(&viewer, &id, "123456").await.refused(403, "forbidden");
        verify(&viewer, &random_id(), "123456").await.refused(403, "forbidden");
        let editor = alpha.caller("editor").await;
        assert!(verified(&editor, &id, "123456").await);
        let policy = r#"@notice("ask the sign-in service")
            forbid(principal, action == Palisade::Action::"credential:verify", resource);"#;
        alpha.owner.put("/v1/policies/no-checks", json!({"policy": policy})).await.expect(201);
        let refused = verify(&editor, &id, "123456").await.refused(403, "forbidden");
        assert_eq!(refused["notices"], json!(["ask the sign-in service"]));
    }

    async fn a_password_that_is_set_while_another_is_checked_stays(house: House) {
        let owner = &house.alpha.owner;
        let id = import(owner, "race", "$md5$4QrcOUm6Wau+VuBX8g+IPg==").await.expect(201).text("/id");
        let body = json!({
            "traits": {"email": "race@example.test"},
            "credentials": {"password": {"config": {"password": "new"}}},
        });
        let path = format!("/admin/identities/{id}");
        let (_, put) = tokio::join!(verify(owner, &id, "123456"), owner.put(&path, body));
        put.expect(200);
        assert!(verified(owner, &id, "new").await);
        assert!(!verified(owner, &id, "123456").await);
    }
}

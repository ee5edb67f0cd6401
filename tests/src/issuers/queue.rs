//! Accounts that are not linked by themselves, and what a person makes of them.

use serde_json::{Value, json};

use super::{Bearer, Provider, register, says, sure, verified};
use crate::house::Tenant;

async fn waiting(tenant: &Tenant) -> Vec<Value> {
    tenant.owner.all("/v1/identities?linked=false").await
}

fn id_of(account: &Value) -> String {
    account["id"].as_str().expect("an id").to_owned()
}

on_both_databases! {
    async fn abuse_31_32_37_what_the_rules_are_not_sure_of_waits_with_the_reason_and_links_nobody(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let carol = verified(alpha, "carol").await;
        register(alpha, &provider, sure(), json!([])).await;
        for (number, said, why) in [
            (0, json!({"email": "carol@example.test"}), "email_not_verified"),
            (1, json!({"email": "carol@example.test", "email_verified": false}), "email_not_verified"),
            (2, json!({"email": "carol@example.test", "email_verified": "true"}), "email_not_verified"),
            (3, json!({"email": "carol@example.test", "xms_edov": true}), "email_not_verified"),
            (4, says("carol@example.org"), "domain_not_trusted"),
            (5, says("carol@sub.example.test"), "domain_not_trusted"),
            (6, says("\u{ff43}arol@example.test"), "email_malformed"),
            (7, says("carol@example.test "), "email_malformed"),
            (8, says("\"carol\"@example.test"), "email_malformed"),
            (9, json!({}), "no_email"),
            // Ada's address is not verified here.
            (10, says("ada@example.test"), "address_not_verified"),
        ] {
            let bearer = Bearer::new(alpha, &provider.token(&format!("sub-{number}"), said.clone()).await);
            for _ in 0..2 {
                let answer = bearer.whoami().await;
                answer.refused(409, "link_requires_review");
                assert!(!answer.body.contains(&carol) && !answer.body.contains("carol"), "{answer}");
            }
            let queue = waiting(alpha).await;
            assert_eq!(queue.len(), number + 1, "once each");
            assert_eq!(queue[number]["why"]["code"], why, "{said}");
        }
        let queue = waiting(alpha).await;
        let candidates: Vec<_> = queue.iter().map(|account| account["candidates"].as_array().map_or(0, Vec::len)).collect();
        assert_eq!(candidates, [1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1]);
        assert_eq!(queue[0]["candidates"][0], json!({"user_id": carol, "has_it_as": ["verified_address", "identifier"],
            "active": true, "other_account": false}));
        assert_eq!(alpha.owner.all(&format!("/v1/users/{carol}/identities")).await.len(), 0);
        let found = alpha.owner.all("/v1/identities?external_email=CAROL@example.test").await;
        assert_eq!(found.len(), 6, "in whatever spelling");
    }

    async fn abuse_36_a_second_account_of_one_provider_with_a_known_address_waits(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let carol = verified(alpha, "carol").await;
        register(alpha, &provider, sure(), json!([])).await;
        let first = Bearer::new(alpha, &provider.token("sub-old", says("carol@example.test")).await);
        assert_eq!(first.whoami().await.expect(200).text("/principal/id"), carol);
        let second = Bearer::new(alpha, &provider.token("sub-new", says("carol@example.test")).await);
        second.whoami().await.refused(409, "link_requires_review");
        assert_eq!(waiting(alpha).await[0]["why"]["code"], "other_subject");
        // abuse_35: the first stays with whom it is linked to, whatever is said of it later.
        let later = Bearer::new(alpha, &provider.token("sub-old", says("ada@example.test")).await);
        assert_eq!(later.whoami().await.expect(200).text("/principal/id"), carol);
    }

    async fn a_person_links_unlinks_rejects_and_takes_each_back(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let carol = verified(alpha, "carol").await;
        register(alpha, &provider, json!({"mode": "review"}), json!([])).await;
        let bearer = Bearer::new(alpha, &provider.token("sub-carol", says("carol@example.test")).await);
        bearer.whoami().await.refused(409, "link_requires_review");
        let account = waiting(alpha).await.remove(0);
        assert_eq!(account["why"]["code"], "review_mode");
        let path = format!("/v1/identities/{}", id_of(&account));
        let at = |verb: &str| format!("{path}/{verb}");
        let owner = &alpha.owner;

        owner.post(&at("link"), json!({"user_id": crate::database::random_id()})).await.refused(400, "invalid_request");
        owner.post(&at("link"), json!({"user_id": carol, "x": 1})).await.refused(400, "unknown_field");
        owner.post(&at("link"), json!({"user_id": house.twin.ada})).await.refused(400, "invalid_request");
        let linked = owner.post(&at("link"), json!({"user_id": carol})).await.expect(200).json();
        assert_eq!((&linked["user_id"], &linked["linked_by"], &linked["why"]), (&json!(carol), &json!("manual"), &json!(null)));
        owner.post(&at("link"), json!({"user_id": carol})).await.refused(409, "already_linked");
        owner.post(&at("reject"), json!({})).await.refused(409, "already_linked");
        assert_eq!(bearer.whoami().await.expect(200).text("/principal/id"), carol);

        // abuse_39: the only way in.
        owner.post(&at("unlink"), json!({})).await.refused(409, "last_credential");
        let kept = owner.post(&at("unlink?force=true"), json!({})).await.expect(200).json();
        assert_eq!((&kept["user_id"], &kept["why"]["code"]), (&json!(null), &json!("returned")));
        bearer.whoami().await.refused(409, "link_requires_review");
        let undone = owner.post(&at("undo"), json!({})).await.expect(200).json();
        assert_eq!(undone["user_id"], json!(carol));
        bearer.whoami().await.expect(200);
        owner.post(&at("undo?force=true"), json!({})).await.expect(200);

        owner.post(&at("reject"), json!({})).await.expect(200);
        bearer.whoami().await.refused(403, "not_linked");
        owner.post(&at("link"), json!({"user_id": carol})).await.refused(409, "link_rejected");
        assert_eq!(waiting(alpha).await.len(), 1);
        assert_eq!(owner.all("/v1/identities?rejected=false").await.len(), 2, "Ada's and Bob's");
        let open = owner.post(&at("undo"), json!({})).await.expect(200).json();
        assert_eq!(open["rejected_at"], json!(null));
        owner.post(&at("undo"), json!({})).await.refused(409, "nothing_to_undo");

        let traits = json!({"email": "other@example.test"});
        let made = owner.post(&at("create"), json!({ "traits": traits })).await.expect(201);
        assert!(made.header("location").starts_with("/v1/users/"));
        let me = bearer.whoami().await.expect(200).text("/principal/id");
        assert_eq!(me, made.text("/user_id"));

        let history = owner.all(&at("history")).await;
        let told: Vec<_> = history.iter().map(|event| (event["event"].as_str().expect("a word"), event["undo"] == true, event["forced"] == true)).collect();
        let expected = [("queued", false, false), ("linked", false, false), ("unlinked", false, true), ("linked", true, false),
            ("unlinked", true, true), ("rejected", false, false), ("queued", true, false), ("linked", false, false)];
        assert_eq!(told, expected);
        assert_eq!(history[1]["actor"]["type"], "ApiKey");
    }

    async fn a_stale_view_of_a_case_changes_nothing_and_a_viewer_only_looks(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let carol = verified(alpha, "carol").await;
        register(alpha, &provider, json!({"mode": "review"}), json!([])).await;
        let bearer = Bearer::new(alpha, &provider.token("sub-carol", says("carol@example.test")).await);
        bearer.whoami().await.refused(409, "link_requires_review");
        let id = id_of(&waiting(alpha).await[0]);
        let path = format!("/v1/identities/{id}");
        let seen = alpha.owner.get(&path).await.expect(200).header("etag").to_owned();
        alpha.owner.post(&format!("{path}/reject"), json!({})).await.expect(200);
        alpha.owner.post(&format!("{path}/undo"), json!({})).await.expect(200);
        let link = alpha.owner.request(reqwest::Method::POST, &format!("{path}/link")).json(&json!({"user_id": carol}));
        crate::client::send(link.header("If-Match", seen)).await.refused(412, "stale_resource");
        // Whoever links lets somebody in: that takes what a session of the user takes.
        let editor = alpha.caller("editor").await;
        editor.post(&format!("{path}/link"), json!({"user_id": carol})).await.refused(403, "forbidden");
        let provider_id = alpha.owner.get(&path).await.expect(200).text("/identity_provider_id");
        let body = json!({"identity_provider_id": provider_id, "external_id": "sub-mine"});
        editor.post(&format!("/v1/users/{carol}/identities"), body).await.refused(403, "forbidden");
        let account = json!({"config": {"providers": [{"provider": "login", "subject": "sub-mine"}]}});
        let body = json!({"schema_id": "default", "traits": {"email": "mine@example.test"}, "credentials": {"oidc": account}});
        editor.post("/admin/identities", body).await.refused(403, "forbidden");
        editor.post(&format!("{path}/reject"), json!({})).await.expect(200);
        editor.post(&format!("{path}/undo"), json!({})).await.expect(200);
        let viewer = alpha.caller("viewer").await;
        viewer.get(&path).await.expect(200);
        viewer.get(&format!("{path}/history")).await.expect(200);
        for verb in ["reject", "undo", "unlink"] {
            viewer.post(&format!("{path}/{verb}"), json!({})).await.refused(403, "forbidden");
        }
        // A tenant's own policy on the user holds for links to it.
        let policy = format!(r#"@notice("hands off") forbid(principal, action == Palisade::Action::"external_identity:link", resource == Palisade::Identity::"{carol}");"#);
        alpha.owner.put("/v1/policies/hands-off", json!({ "policy": policy })).await.expect(201);
        let answer = alpha.owner.post(&format!("{path}/link"), json!({"user_id": carol})).await.refused(403, "forbidden");
        assert_eq!(answer["notices"], json!(["hands off"]));
        // And one on sign-ins holds for the provider.
        let policy = r#"@notice("no new people") forbid(principal is Palisade::IdentityProvider, action, resource);"#;
        alpha.owner.put("/v1/policies/closed", json!({ "policy": policy })).await.expect(201);
        let late = Bearer::new(alpha, &provider.token("sub-late", says("late@example.test")).await);
        let answer = late.whoami().await.refused(403, "forbidden");
        assert_eq!(answer["notices"], json!(["no new people"]));
    }

    async fn a_provider_as_made_lets_nobody_in_and_keeps_nothing(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        verified(alpha, "carol").await;
        let id = register(alpha, &provider, json!({}), json!([])).await;
        let bearer = Bearer::new(alpha, &provider.token("sub-carol", says("carol@example.test")).await);
        bearer.whoami().await.refused(403, "not_linked");
        let mut rules = sure();
        rules["required_claims"] = json!({"hd": ["example.test"]});
        alpha.owner.patch(&format!("/v1/identity-providers/{id}"), json!({"linking": rules})).await.expect(200);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        bearer.whoami().await.refused(403, "not_linked");
        assert!(waiting(alpha).await.is_empty());
        let mut said = says("carol@example.test");
        said["hd"] = json!("example.test");
        let bearer = Bearer::new(alpha, &provider.token("sub-carol", said).await);
        bearer.whoami().await.expect(200);
        // Whoever leaves the organisation keeps the subject, and nothing else.
        let left = Bearer::new(alpha, &provider.token("sub-carol", says("carol@example.test")).await);
        left.whoami().await.refused(403, "not_linked");
    }

    async fn abuse_58_tokens_that_differ_leave_one_case_and_few_rows(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        register(alpha, &provider, sure(), json!([])).await;
        for round in 0..6 {
            let said = if round % 2 == 0 { json!({}) } else { says("ada@example.test") };
            let bearer = Bearer::new(alpha, &provider.token("sub-eve", said).await);
            for _ in 0..3 {
                bearer.whoami().await.refused(409, "link_requires_review");
            }
        }
        let queue = waiting(alpha).await;
        assert_eq!(queue.len(), 1);
        let history = alpha.owner.all(&format!("/v1/identities/{}/history", id_of(&queue[0]))).await;
        assert_eq!(history.len(), 1);
        assert_eq!(alpha.owner.all("/v1/audit-events?action=identity_provider:sign_in").await.len(), 1);
    }

    async fn what_a_person_takes_away_stays_away_until_it_is_forgotten(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let carol = verified(alpha, "carol").await;
        register(alpha, &provider, sure(), json!([])).await;
        let owner = &alpha.owner;
        let bearer = Bearer::new(alpha, &provider.token("sub-carol", says("carol@example.test")).await);
        bearer.whoami().await.expect(200);
        let link = owner.all(&format!("/v1/users/{carol}/identities")).await.remove(0);
        let path = format!("/v1/users/{carol}/identities/{}?force=true", id_of(&link));
        owner.delete(&path).await.expect(204);
        bearer.whoami().await.refused(409, "link_requires_review");
        let path = format!("/v1/identities/{}", id_of(&link));
        let kept = owner.get(&path).await.expect(200).json();
        assert_eq!((&kept["user_id"], &kept["why"]["code"]), (&json!(null), &json!("returned")));
        owner.delete(&path).await.expect(204);
        owner.get(&path).await.refused(404, "not_found");
        bearer.whoami().await.expect(200);
        // Ory's way to take it away.
        let link = owner.all(&format!("/v1/users/{carol}/identities")).await.remove(0);
        owner.delete(&format!("/v1/identities/{}", id_of(&link))).await.refused(409, "already_linked");
        let way = format!("/admin/identities/{carol}/credentials/oidc?identifier=login:sub-carol&force=true");
        owner.delete(&way).await.expect(204);
        bearer.whoami().await.refused(409, "link_requires_review");

        // abuse_42: nor does a token that is still good make somebody anew.
        let dora = Bearer::new(alpha, &provider.token("sub-dora", says("dora@example.test")).await);
        let id = dora.whoami().await.expect(200).text("/principal/id");
        owner.delete(&format!("/admin/identities/{id}")).await.expect(204);
        dora.whoami().await.refused(409, "link_requires_review");
        let kept = waiting(alpha).await.into_iter().find(|one| one["external_id"] == "sub-dora").expect("waits");
        assert_eq!((&kept["external_email"], &kept["why"]["code"]), (&json!(null), &json!("returned")));
    }

    async fn abuse_21_35_another_issuer_wants_force_and_takes_the_links_away(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let carol = verified(alpha, "carol").await;
        let id = register(alpha, &provider, sure(), json!([])).await;
        let bearer = Bearer::new(alpha, &provider.token("sub-carol", says("carol@example.test")).await);
        bearer.whoami().await.expect(200);
        let (path, other) = (format!("/v1/identity-providers/{id}"), Provider::start().await);
        let body = json!({"issuer": other.issuer, "tokens": {"audiences": [other.audience]}});
        alpha.owner.patch(&path, body.clone()).await.refused(409, "in_use");
        bearer.whoami().await.expect(200);
        alpha.owner.patch(&format!("{path}?force=true"), body).await.expect(200);
        super::within_a_second(&bearer, 401).await;
        // Another's `sub-carol` is not Carol.
        let namesake = Bearer::new(alpha, &other.token("sub-carol", says("carol@example.test")).await);
        namesake.whoami().await.refused(409, "link_requires_review");
        assert_eq!(waiting(alpha).await[0]["why"]["code"], "issuer_changed");
        assert!(alpha.owner.all(&format!("/v1/users/{carol}/identities")).await.is_empty());
    }
}

//! What comes again: the same request, the same approval, the same stranger.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bearer, Provider, register, says, sure, verified};
use crate::client::{Reply, send};

impl Bearer {
    async fn post(&self, path: &str, key: &str, body: &Value) -> Reply {
        let request = self.0.request(Method::POST, path);
        let request = request.header("Authorization", format!("Bearer {}", self.1));
        send(request.header("Idempotency-Key", key).json(body)).await
    }
}

on_both_databases! {
    async fn abuse_56_a_write_with_a_token_is_done_once_and_answered_the_same_to_that_token_only(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        for name in ["carol", "dora"] {
            verified(alpha, name).await;
        }
        let roles = json!([{"claim": "groups", "value": "ops", "role": "admin"}]);
        register(alpha, &provider, sure(), roles).await;
        let bearer = async |name: &str, number: u32| {
            let mut said = says(&format!("{name}@example.test"));
            (said["groups"], said["number"]) = (json!("ops"), json!(number));
            Bearer::new(alpha, &provider.token(&format!("sub-{name}"), said).await)
        };
        let carol = bearer("carol", 1).await;
        // One whose answer holds a secret, which is answered again as well.
        let (key, body) = ("once", json!({"name": "carols", "roles": ["viewer"]}));
        let first = carol.post("/v1/api-keys", key, &body).await.expect(201);
        let again = carol.post("/v1/api-keys", key, &body).await.expect(201);
        assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &first.body));
        let other = json!({"name": "other", "roles": ["viewer"]});
        carol.post("/v1/api-keys", key, &other).await.refused(422, "idempotency_key_reused");
        // Who comes with a newer token can't be told what was done, and does it no second time.
        let newer = bearer("carol", 2).await;
        let refused = newer.post("/v1/api-keys", key, &body).await.refused(422, "idempotency_key_reused");
        assert!(refused["message"].as_str().expect("a text").contains("another token"), "{refused}");
        let dora = bearer("dora", 1).await;
        let hers = dora.post("/v1/api-keys", key, &body).await.expect(201);
        assert!(hers.text("/id") != first.text("/id"), "another caller has keys of its own");
        let named = alpha.owner.all("/v1/api-keys?page_size=500").await;
        assert_eq!(named.iter().filter(|one| one["name"] == "carols").count(), 2);
        // What was allowed once is decided again.
        let freeze = r#"@notice("frozen") forbid(principal is Palisade::Identity, action == Palisade::Action::"api_key:create", resource);"#;
        alpha.owner.put("/v1/policies/freeze", json!({ "policy": freeze })).await.expect(201);
        carol.post("/v1/api-keys", key, &body).await.refused(403, "forbidden");
    }

    async fn abuse_34_a_decision_is_for_one_account_and_is_made_once(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let carol = verified(alpha, "carol").await;
        register(alpha, &provider, json!({"mode": "review"}), json!([])).await;
        let one = Bearer::new(alpha, &provider.token("sub-1", says("carol@example.test")).await);
        one.whoami().await.refused(409, "link_requires_review");
        let queue = alpha.owner.all("/v1/identities?linked=false").await;
        let path = format!("/v1/identities/{}", queue[0]["id"].as_str().expect("an id"));
        let etag = alpha.owner.get(&path).await.expect(200).header("etag").to_owned();
        let link = || alpha.owner.request(Method::POST, &format!("{path}/link"))
            .header("If-Match", &etag).json(&json!({ "user_id": carol }));
        send(link()).await.expect(200);
        assert_eq!(one.whoami().await.expect(200).text("/principal/id"), carol);
        // Somebody else with the same words, a second time, another user, another tenant.
        let two = Bearer::new(alpha, &provider.token("sub-2", says("carol@example.test")).await);
        two.whoami().await.refused(409, "link_requires_review");
        send(link()).await.refused(412, "stale_resource");
        alpha.owner.post(&format!("{path}/link"), json!({ "user_id": alpha.ada })).await.refused(409, "already_linked");
        house.twin.owner.post(&format!("{path}/link"), json!({ "user_id": house.twin.ada })).await.refused(404, "not_found");
        alpha.owner.post(&format!("{path}/unlink?force=true"), json!({})).await.expect(200);
        send(link()).await.refused(412, "stale_resource");
        one.whoami().await.refused(409, "link_requires_review");
        assert!(alpha.owner.all(&format!("/v1/users/{carol}/identities")).await.is_empty());
    }

    async fn abuse_58_whoever_comes_with_ever_new_tokens_is_told_to_wait_and_others_are_not(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let carol = verified(alpha, "carol").await;
        register(alpha, &provider, sure(), json!([])).await;
        let mut answers = Vec::new();
        for number in 0..70 {
            let eve = Bearer::new(alpha, &provider.token("sub-eve", json!({ "number": number })).await);
            answers.push(eve.whoami().await);
        }
        let limited = answers.iter().find(|answer| answer.status == 429).expect("is limited");
        let details = limited.refused(429, "rate_limited")["details"].clone();
        assert_eq!(details["scope"], "account");
        let wait: u64 = limited.header("retry-after").parse().expect("seconds");
        assert!((1..=3).contains(&wait), "{limited}");
        answers[0].refused(409, "link_requires_review");
        // Who is linked is not counted, who is another is let in, and the queue has one case.
        let bearer = Bearer::new(alpha, &provider.token("sub-carol", says("carol@example.test")).await);
        let start = Instant::now();
        for _ in 0..70 {
            assert_eq!(bearer.whoami().await.expect(200).text("/principal/id"), carol);
        }
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(alpha.owner.all("/v1/identities?linked=false").await.len(), 1);
    }

    async fn whoever_is_not_let_in_is_told_what_the_policies_have_to_say(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        register(alpha, &provider, sure(), json!([])).await;
        let eve = Bearer::new(alpha, &provider.token("sub-eve", json!({})).await);
        let general = json!("the rules of the identity provider tell whom it lets in; where they do not, an administrator of the tenant decides");
        for _ in 0..2 {
            let answer = eve.whoami().await.refused(409, "link_requires_review");
            assert_eq!(answer["notices"], json!([general]));
        }
        let policy = r#"@notice("write to help@example.test") permit (principal is Palisade::IdentityProvider,
            action == Palisade::Action::"identity_provider:sign_in", resource) when { principal == resource };"#;
        alpha.owner.put("/v1/policies/help", json!({ "policy": policy })).await.expect(201);
        let mallory = Bearer::new(alpha, &provider.token("sub-mallory", json!({})).await);
        let answer = mallory.whoami().await.refused(409, "link_requires_review");
        assert_eq!(answer["notices"], json!([general, "write to help@example.test"]));
    }

    async fn accounts_that_an_import_brought_come_in_when_their_provider_gets_its_issuer(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let account = json!({"config": {"providers": [{"provider": "login", "subject": "sub-carol"}]}});
        let body = json!({"schema_id": "default", "traits": {"email": "carol@example.test"}, "credentials": {"oidc": account}});
        let carol = alpha.owner.post("/admin/identities", body).await.expect(201).text("/id");
        let providers = alpha.owner.all("/v1/identity-providers").await;
        let login = providers.iter().find(|one| one["name"] == "login").expect("the import made it");
        let path = format!("/v1/identity-providers/{}", login["id"].as_str().expect("an id"));
        let body = json!({"issuer": provider.issuer, "tokens": {"audiences": [provider.audience]}});
        alpha.owner.patch(&path, body.clone()).await.refused(409, "in_use");
        alpha.owner.patch(&format!("{path}?keep_links=true&force=true"), body.clone()).await.refused(400, "invalid_request");
        alpha.caller("editor").await.patch(&format!("{path}?keep_links=true"), body.clone()).await.refused(403, "forbidden");
        alpha.owner.patch(&format!("{path}?keep_links=true"), body).await.expect(200);
        let bearer = Bearer::new(alpha, &provider.token("sub-carol", json!({})).await);
        super::within_a_second(&bearer, 200).await;
        assert_eq!(bearer.whoami().await.expect(200).text("/principal/id"), carol);
    }
}

//! Tokens of a real OpenID provider as credentials, and what becomes of the accounts that they are of.

mod provider;
mod queue;
mod repeats;
mod rules;

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Caller, Reply, send},
    house::Tenant,
    scim::{Client, id},
};
use provider::Provider;

/// Somebody who comes with a token.
struct Bearer(Caller, String);

impl Bearer {
    fn new(tenant: &Tenant, token: &str) -> Self {
        let nobody = Caller::new(tenant.owner.base().to_owned()).with_tenant(&tenant.id);
        Self(nobody, token.to_owned())
    }

    async fn ask(&self, method: Method, path: &str) -> Reply {
        let request = self.0.request(method, path);
        send(request.header("Authorization", format!("Bearer {}", self.1))).await
    }

    async fn whoami(&self) -> Reply {
        self.ask(Method::GET, "/v1/whoami").await
    }
}

/// Registers the provider; the id.
async fn register(tenant: &Tenant, provider: &Provider, linking: Value, roles: Value) -> String {
    let body = json!({
        "name": "login", "type": "oidc", "issuer": provider.issuer, "linking": linking,
        "tokens": {"audiences": [provider.audience], "roles": roles},
    });
    let answer = tenant.owner.post("/v1/identity-providers", body).await;
    answer.expect(201).text("/id")
}

/// Rules that link and create by themselves, for `example.test`.
fn sure() -> Value {
    json!({"mode": "auto", "match": ["email"], "trusted_email_domains": ["example.test"], "create_missing": true})
}

/// A user whose e-mail address is verified; the id.
async fn verified(tenant: &Tenant, name: &str) -> String {
    let email = format!("{name}@example.test");
    let body = json!({"schema_id": "default", "traits": {"email": email},
        "verifiable_addresses": [{"value": email, "via": "email", "verified": true, "status": "completed"}]});
    let answer = tenant.owner.post("/admin/identities", body).await;
    answer.expect(201).text("/id")
}

fn says(email: &str) -> Value {
    json!({"email": email, "email_verified": true, "name": "Carol"})
}

/// Waits for an answer of this status, a second at most.
async fn within_a_second(bearer: &Bearer, status: u16) {
    let start = Instant::now();
    while bearer.whoami().await.status != status {
        assert!(
            start.elapsed() <= Duration::from_secs(1),
            "still not {status} after a second"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

on_both_databases! {
    async fn a_sign_in_with_a_verified_email_links_once_and_gives_the_mapped_roles(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let carol = verified(alpha, "carol").await;
        let roles = json!([{"claim": "groups", "value": "ops", "role": "viewer"}]);
        register(alpha, &provider, sure(), roles).await;
        let mut said = says("Carol@example.test");
        let bearer = Bearer::new(alpha, &provider.token("sub-carol", said.clone()).await);
        let me = bearer.whoami().await.expect(200);
        assert_eq!(me.text("/principal/id"), carol);
        assert_eq!((me.text("/principal/type"), &me.json()["roles"]), ("Identity".to_owned(), &json!([])));
        bearer.ask(Method::GET, "/v1/users").await.refused(403, "forbidden");

        let links = alpha.owner.all(&format!("/v1/users/{carol}/identities")).await;
        assert_eq!(links.len(), 1);
        let link = &links[0];
        assert_eq!(
            (&link["linked_by"], &link["external_id"], &link["external_email"], &link["external_display_name"]),
            (&json!("auto"), &json!("sub-carol"), &json!("Carol@example.test"), &json!("Carol"))
        );
        assert!(link["last_synced_at"].is_string());
        let identity = alpha.owner.get(&format!("/admin/identities/{carol}")).await.expect(200).json();
        assert_eq!(identity["credentials"]["oidc"]["identifiers"], json!(["login:sub-carol"]), "one fact, two views");
        let events = alpha.owner.all("/v1/audit-events?action=identity_provider:sign_in").await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["details"], json!({"outcome": "linked", "user_id": carol}));
        assert_eq!(events[0]["actor"]["type"], "IdentityProvider");

        said["groups"] = json!(["staff", "ops"]);
        let ops = Bearer::new(alpha, &provider.token("sub-carol", said).await);
        assert_eq!(ops.whoami().await.expect(200).json()["roles"], json!(["viewer"]));
        ops.ask(Method::GET, "/v1/users").await.expect(200);
        ops.ask(Method::GET, "/admin/identities").await.expect(200);
        ops.ask(Method::DELETE, &format!("/v1/users/{carol}/sessions")).await.refused(403, "forbidden");
        ops.ask(Method::GET, "/sessions/whoami").await.expect(401);
        assert_eq!(alpha.owner.all("/v1/audit-events?action=identity_provider:sign_in").await.len(), 1);
    }

    async fn who_is_new_is_made_of_the_token_with_a_verified_address(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let mut linking = sure();
        linking["create"] = json!({"traits": {"/email": "email", "/name/first": "given_name"}});
        register(alpha, &provider, linking, json!([])).await;
        let said = json!({"email": "dora@example.test", "email_verified": true, "given_name": "Dora"});
        let bearer = Bearer::new(alpha, &provider.token("sub-dora", said).await);
        // At once, as an application does that opens many requests.
        let answers = futures_util::future::join_all((0..6).map(|_| bearer.whoami())).await;
        let ids: std::collections::BTreeSet<_> = answers.into_iter().map(|answer| answer.expect(200).text("/principal/id")).collect();
        assert_eq!(ids.len(), 1, "one account, one user");
        let id = ids.first().expect("is there");
        let dora = alpha.owner.get(&format!("/admin/identities/{id}")).await.expect(200).json();
        assert_eq!(dora["traits"], json!({"email": "dora@example.test", "name": {"first": "Dora"}}));
        assert_eq!(dora["verifiable_addresses"][0]["verified"], true);
        // What the schema does not take waits for a person.
        let said = json!({"email": "emil@example.test", "email_verified": true, "given_name": 7});
        let bearer = Bearer::new(alpha, &provider.token("sub-emil", said).await);
        bearer.whoami().await.refused(409, "link_requires_review");
        let queue = alpha.owner.all("/v1/identities?linked=false").await;
        assert_eq!(queue[0]["why"]["code"], "not_creatable");
    }

    async fn abuse_28_keys_rotate_and_an_issuer_that_is_down_is_stood_in_for_until_its_keys_are_too_old(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        verified(alpha, "carol").await;
        register(alpha, &provider, sure(), json!([])).await;
        let old = Bearer::new(alpha, &provider.token("sub-carol", says("carol@example.test")).await);
        old.whoami().await.expect(200);
        provider.control("rotate", json!({})).await;
        let new = Bearer::new(alpha, &provider.token("sub-carol", says("carol@example.test")).await);
        let start = Instant::now();
        while new.whoami().await.status != 200 {
            assert!(start.elapsed() < Duration::from_secs(3), "a new key is taken after the pause");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // A second later the old token's signature is checked again, with the new keys.
        let start = Instant::now();
        while old.whoami().await.status != 401 {
            assert!(start.elapsed() < Duration::from_secs(5), "a key that was taken back is refused");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        provider.control("down", json!({})).await;
        let start = Instant::now();
        loop {
            let answer = new.whoami().await;
            match answer.status {
                200 => assert!(start.elapsed() < Duration::from_secs(8), "keys that are too old are not taken"),
                _ => {
                    answer.refused(503, "unavailable");
                    assert!(start.elapsed() > Duration::from_millis(2_500), "the keys that are there were taken first");
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        provider.control("up", json!({})).await;
        let start = Instant::now();
        while new.whoami().await.status != 200 {
            assert!(start.elapsed() < Duration::from_secs(4), "it comes back by itself");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn abuse_38_a_provider_that_is_disabled_and_a_user_that_is_inactive_are_refused(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let carol = verified(alpha, "carol").await;
        let id = register(alpha, &provider, sure(), json!([])).await;
        let bearer = Bearer::new(alpha, &provider.token("sub-carol", says("carol@example.test")).await);
        bearer.whoami().await.expect(200);
        let path = format!("/v1/identity-providers/{id}");
        alpha.owner.patch(&path, json!({"enabled": false})).await.expect(200);
        within_a_second(&bearer, 401).await;
        alpha.owner.patch(&path, json!({"enabled": true})).await.expect(200);
        within_a_second(&bearer, 200).await;
        alpha.owner.patch(&path, json!({"tokens": null})).await.expect(200);
        within_a_second(&bearer, 401).await;
        let tokens = json!({"audiences": [provider.audience]});
        alpha.owner.patch(&path, json!({"tokens": tokens})).await.expect(200);
        within_a_second(&bearer, 200).await;
        // The user: from the commit on.
        let inactive = json!([{"op": "replace", "path": "/state", "value": "inactive"}]);
        alpha.owner.patch(&format!("/admin/identities/{carol}"), inactive).await.expect(200);
        bearer.whoami().await.refused(401, "unauthenticated");
    }

    async fn scim_groups_count_in_policies_and_who_leaves_one_is_out_at_once(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        let login = register(alpha, &provider, sure(), json!([])).await;
        let client = Client::connect(&alpha.owner, "entra").await;
        let ada = id(&client.user("ada").await);
        let body = json!({"identity_provider_id": login, "external_id": "sub-ada"});
        alpha.owner.post(&format!("/v1/users/{ada}/identities"), body).await.expect(201);
        let bearer = Bearer::new(alpha, &provider.token("sub-ada", json!({})).await);
        let inner = id(&client.post("/Groups", json!({"displayName": "Night shift"})).await.expect(201).json());
        let outer = json!({"displayName": "Help desk", "members": [{"value": inner}]});
        let outer = id(&client.post("/Groups", outer).await.expect(201).json());
        let policy = format!(
            "permit (principal in Palisade::Group::\"{outer}\", action == Palisade::Action::\"identity:list\", resource);"
        );
        alpha.owner.put("/v1/policies/help-desk", json!({"policy": policy})).await.expect(201);
        let path = format!("/Groups/{inner}");
        for _ in 0..2 {
            bearer.ask(Method::GET, "/v1/users").await.refused(403, "forbidden");
            let add = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
            client.patch(&path, add).await.expect(200);
            bearer.ask(Method::GET, "/v1/users").await.expect(200);
            let user = alpha.owner.get(&format!("/v1/users/{ada}")).await.expect(200);
            let mut both = [inner.clone(), outer.clone()];
            both.sort_unstable();
            assert_eq!(user.json()["groups"], json!(both));
            let listed = alpha.owner.all("/v1/users?q=ada").await;
            assert!(listed.iter().any(|user| user["id"] == ada.as_str() && user["groups"] == json!(both)), "{listed:?}");
            let remove = json!([{"op": "remove", "path": format!("members[value eq \"{ada}\"]")}]);
            client.patch(&path, remove).await.expect(200);
        }
        bearer.ask(Method::GET, "/v1/users").await.refused(403, "forbidden");
        // What forbids by a group holds for sessions, too.
        let session = alpha.owner.post(&format!("/v1/users/{ada}/sessions"), json!({})).await.expect(201);
        let whoami = house.gateway.anonymous().with_bearer(&session.text("/token"));
        whoami.get("/sessions/whoami").await.expect(200);
        let policy = format!(
            "forbid (principal in Palisade::Group::\"{outer}\", action == Palisade::Action::\"session:whoami\", resource);"
        );
        alpha.owner.put("/v1/policies/no-help-desk", json!({"policy": policy})).await.expect(201);
        whoami.get("/sessions/whoami").await.expect(200);
        let all = json!([{"op": "replace", "path": "members", "value": [{"value": ada}]}]);
        client.patch(&path, all).await.expect(200);
        whoami.get("/sessions/whoami").await.refused(403, "forbidden");
    }

    async fn abuse_21_a_token_opens_the_tenant_that_takes_it_and_no_other(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        verified(alpha, "carol").await;
        register(alpha, &provider, sure(), json!([])).await;
        let token = provider.token("sub-carol", says("carol@example.test")).await;
        let bearer = Bearer::new(alpha, &token);
        bearer.whoami().await.expect(200);
        Bearer::new(&house.twin, &token).whoami().await.refused(401, "unauthenticated");
        let nowhere = Bearer(bearer.0.with_tenant(&crate::database::random_id()), token.clone());
        nowhere.whoami().await.refused(401, "unauthenticated");
        for path in ["/v1/whoami", "/admin/identities"] {
            let nobody = Bearer(bearer.0.without_tenant(), token.clone());
            nobody.ask(Method::GET, path).await.refused(400, "tenant_required");
        }
        // The same issuer in another tenant, for another audience.
        let (id, other) = house.gateway.new_tenant("other").await;
        let body = json!({"name": "login", "type": "oidc", "issuer": provider.issuer, "linking": sure(),
            "tokens": {"audiences": ["https://other.example/api"]}});
        other.post("/v1/identity-providers", body).await.expect(201);
        let there = Bearer(bearer.0.with_tenant(&id), token.clone());
        there.whoami().await.refused(401, "unauthenticated");
        for (header, value) in [("X-API-Key", token.clone()), ("X-Session-Token", token.clone()), ("Authorization", token.clone())] {
            let request = bearer.0.request(Method::GET, "/v1/whoami").header(header, value);
            send(request).await.refused(401, "unauthenticated");
        }
        let query = format!("/v1/whoami?access_token={token}");
        bearer.0.get(&query).await.refused(401, "unauthenticated");
        let log = house.gateway.running().log();
        assert!(!log.contains(&token), "no token in the log");
    }

    async fn abuse_15_25_forged_and_cut_tokens_are_refused_alike(house: House) {
        let (alpha, provider) = (&house.alpha, Provider::start().await);
        verified(alpha, "carol").await;
        register(alpha, &provider, sure(), json!([])).await;
        let token = provider.token("sub-carol", says("carol@example.test")).await;
        Bearer::new(alpha, &token).whoami().await.expect(200);
        let parts: Vec<&str> = token.split('.').collect();
        // {"alg":"none"} and {"alg":"HS256","typ":"at+jwt"}
        for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9"] {
            for signature in ["", parts[2]] {
                let forged = format!("{header}.{}.{signature}", parts[1]);
                Bearer::new(alpha, &forged).whoami().await.refused(401, "unauthenticated");
            }
        }
        let cuts = [token.len() - 1, token.len() - 2, token.len() - parts[2].len(), parts[0].len() + 1, 40, 3];
        for cut in cuts {
            Bearer::new(alpha, &token[..cut]).whoami().await.refused(401, "unauthenticated");
        }
        Bearer::new(alpha, &format!("{token}A")).whoami().await.refused(401, "unauthenticated");
    }
}

//! `tokenize_as`: sessions as signed tokens, which others check with the tenant's public keys.

use std::collections::BTreeSet;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Caller, Reply, send},
    database::random_id,
    house::Tenant,
};

/// `GET /sessions/whoami?tokenize_as=`.
pub(crate) async fn whoami(nobody: &Caller, token: &str, template: &str) -> Reply {
    let path = format!("/sessions/whoami?tokenize_as={template}");
    let request = nobody.request(Method::GET, &path);
    send(request.header("X-Session-Token", token)).await
}

/// A session of Ada's.
pub(crate) async fn signed_in(tenant: &Tenant, body: Value) -> String {
    let path = format!("/v1/users/{}/sessions", tenant.ada);
    let issued = tenant.owner.post(&path, body).await.expect(201);
    issued.text("/token")
}

/// The public keys of a tenant, as anybody gets them.
pub(crate) async fn keys(nobody: &Caller, tenant: &str) -> JwkSet {
    let path = format!("/tenants/{tenant}/.well-known/jwks.json");
    let reply = nobody.get(&path).await.expect(200);
    assert_eq!(reply.header("cache-control"), "public, no-cache");
    for key in reply.json()["keys"].as_array().expect("keys") {
        let members: BTreeSet<_> = key.as_object().expect("a key").keys().cloned().collect();
        let public = ["alg", "crv", "kid", "kty", "use", "x", "y"];
        assert_eq!(members, public.map(str::to_owned).into(), "{reply}");
    }
    serde_json::from_value(reply.json()).expect("a key set")
}

fn kid(token: &str) -> String {
    let header = jsonwebtoken::decode_header(token).expect("a header");
    assert_eq!(header.alg, Algorithm::ES256);
    header.kid.expect("a kid")
}

/// What the token says, where one of the keys has signed it.
pub(crate) fn verified(token: &str, keys: &JwkSet, audience: &str) -> Option<Value> {
    let key = DecodingKey::from_jwk(keys.find(&kid(token))?).expect("a public key");
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "sub"]);
    validation.validate_nbf = true;
    validation.validate_aud = !audience.is_empty();
    validation.set_audience(&[audience]);
    let decoded = jsonwebtoken::decode::<Value>(token, &key, &validation);
    decoded.ok().map(|decoded| decoded.claims)
}

const TEMPLATES: &str = "/v1/session-token-templates";
const ROTATE: &str = "/v1/session-token-keys/rotate";

on_both_databases! {
    async fn a_session_becomes_a_token_that_says_what_the_template_takes_of_it(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let template = json!({
            "ttl_seconds": 300,
            "claims": {
                "email": "/identity/traits/email",
                "aal": "/authenticator_assurance_level",
                "via": "/authentication_methods/0/method",
                "secret": "/identity/metadata_admin",
                "nothing": "/identity/traits/nick",
            },
            "audience": ["app", "https://api.example.test"],
            "subject_source": "external_id",
        });
        let created = alpha.owner.put(&format!("{TEMPLATES}/app"), template.clone()).await.expect(201);
        assert_eq!(created.header("location"), format!("{TEMPLATES}/app"));
        let read = alpha.owner.get(&format!("{TEMPLATES}/app")).await.expect(200);
        for (name, value) in template.as_object().expect("an object") {
            assert_eq!(&read.json()[name], value);
        }
        assert_eq!(read.json()["name"], "app");

        let body = json!({"authentication_methods": [{"method": "oidc", "provider": "corp"}]});
        let session = signed_in(alpha, body).await;
        let reply = whoami(&nobody, &session, "app").await.expect(200);
        let token = reply.text("/tokenized");
        assert!(!token.contains(&session[60..]));
        let claims = verified(&token, &keys(&nobody, &alpha.id).await, "app").expect("is genuine");
        let issuer = format!("urn:palisade:tenant:{}", alpha.id);
        for (name, value) in [
            ("iss", issuer.as_str()),
            ("sub", "ada"),
            ("sid", reply.json()["id"].as_str().expect("an id")),
            ("email", "ada@example.test"),
            ("aal", "aal1"),
            ("via", "oidc"),
        ] {
            assert_eq!(claims[name], value, "{claims}");
        }
        let second = |name: &str| claims[name].as_i64().expect("seconds");
        assert_eq!((second("nbf"), second("exp")), (second("iat"), second("iat") + 300));
        assert_eq!(claims["aud"], template["audience"]);
        assert!(claims.get("secret").is_none() && claims.get("nothing").is_none(), "{claims}");
        let again = whoami(&nobody, &session, "app").await.expect(200).text("/tokenized");
        let again = verified(&again, &keys(&nobody, &alpha.id).await, "app").expect("is genuine");
        assert_ne!(again["jti"], claims["jti"]);
        // It says who somebody is; it is no credential here.
        whoami(&nobody, &token, "app").await.expect(401);
        // Without it, or with nothing in it, there is no token.
        for path in ["/sessions/whoami", "/sessions/whoami?tokenize_as="] {
            let request = nobody.request(Method::GET, path).header("X-Session-Token", &session);
            assert_eq!(send(request).await.expect(200).json().get("tokenized"), None);
        }
    }

    async fn a_token_never_outlives_its_session(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        alpha.owner.put(&format!("{TEMPLATES}/long"), json!({"ttl_seconds": 86_400})).await.expect(201);
        let session = signed_in(alpha, json!({"lifespan_seconds": 30})).await;
        let reply = whoami(&nobody, &session, "long").await.expect(200);
        let token = reply.text("/tokenized");
        let claims = verified(&token, &keys(&nobody, &alpha.id).await, "").expect("is genuine");
        let lasts = claims["exp"].as_i64().expect("seconds") - claims["iat"].as_i64().expect("seconds");
        assert!((25..=31).contains(&lasts), "{claims}");
        assert_eq!(claims["sub"], alpha.ada.as_str());
        assert!(claims.get("aud").is_none());
        alpha.owner.delete(&format!("/admin/sessions/{}", reply.text("/id"))).await.expect(204);
        whoami(&nobody, &session, "long").await.refused(401, "session_inactive");
    }

    async fn abuse_05_templates_and_keys_of_another_tenant_are_never_used(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let other = Tenant::new(house.gateway, "other").await;
        let says = |what: &str| json!({"claims": {what: "/id"}});
        alpha.owner.put(&format!("{TEMPLATES}/same"), says("alpha")).await.expect(201);
        other.owner.put(&format!("{TEMPLATES}/same"), says("other")).await.expect(201);
        other.owner.put(&format!("{TEMPLATES}/others"), says("other")).await.expect(201);
        let (mine, theirs) = (signed_in(alpha, json!({})).await, signed_in(&other, json!({})).await);
        let (my_keys, their_keys) = (keys(&nobody, &alpha.id).await, keys(&nobody, &other.id).await);
        for _ in 0..3 {
            let token = whoami(&nobody, &mine, "same").await.expect(200).text("/tokenized");
            let claims = verified(&token, &my_keys, "").expect("is genuine");
            assert!(claims.get("alpha").is_some() && claims.get("other").is_none(), "{claims}");
            assert!(verified(&token, &their_keys, "").is_none());
            let token = whoami(&nobody, &theirs, "same").await.expect(200).text("/tokenized");
            assert!(verified(&token, &their_keys, "").is_some() && verified(&token, &my_keys, "").is_none());
            let refused = whoami(&nobody, &mine, "others").await.refused(400, "invalid_request");
            assert_eq!(refused["details"]["field"], "tokenize_as");
        }
        // A tenant without keys, one that is not there, the platform's: all the same.
        let (bare, _) = house.gateway.new_tenant("bare").await;
        for id in [bare.as_str(), &random_id(), "00000000-0000-0000-0000-000000000000"] {
            assert!(keys(&nobody, id).await.keys.is_empty());
        }
        nobody.get("/tenants/acme/.well-known/jwks.json").await.refused(400, "invalid_id");
    }

    async fn tokens_of_a_suspended_tenant_can_not_be_checked_until_it_is_resumed(house: House) {
        let (pausing, nobody) = (Tenant::new(house.gateway, "pausing").await, house.gateway.anonymous());
        let operator = house.gateway.operator();
        pausing.owner.put(&format!("{TEMPLATES}/app"), json!({})).await.expect(201);
        let shown = async |count: usize| {
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(2);
            while keys(&nobody, &pausing.id).await.keys.len() != count {
                assert!(std::time::Instant::now() < deadline, "not {count} keys after two seconds");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        shown(1).await;
        for (act, count) in [("suspend", 0), ("resume", 1)] {
            operator.post(&format!("/v1/tenants/{}/{act}", pausing.id), json!({})).await.expect(200);
            shown(count).await;
        }
    }

    async fn a_rotated_key_is_known_until_its_overlap_ends(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        alpha.owner.put(&format!("{TEMPLATES}/app"), json!({})).await.expect(201);
        let session = signed_in(alpha, json!({})).await;
        let old = whoami(&nobody, &session, "app").await.expect(200).text("/tokenized");
        let rotated = send(alpha.owner.request(Method::POST, ROTATE)).await.expect(200);
        assert_eq!(rotated.text("/retired/0/id"), kid(&old));
        assert_eq!(rotated.text("/algorithm"), "ES256");
        let new = whoami(&nobody, &session, "app").await.expect(200).text("/tokenized");
        assert_eq!(rotated.text("/id"), kid(&new));
        let both = keys(&nobody, &alpha.id).await;
        assert_eq!(both.keys.len(), 2);
        assert!(verified(&old, &both, "").is_some() && verified(&new, &both, "").is_some());

        let at_once = alpha.owner.post(ROTATE, json!({"overlap": 0})).await.expect(200);
        assert_eq!(at_once.json()["retired"], json!([]));
        let one = keys(&nobody, &alpha.id).await;
        assert_eq!(one.keys.len(), 1);
        let newest = whoami(&nobody, &session, "app").await.expect(200).text("/tokenized");
        assert!(verified(&old, &one, "").is_none() && verified(&new, &one, "").is_none());
        assert!(verified(&newest, &one, "").is_some());
        let kids = BTreeSet::from([kid(&old), kid(&new), kid(&newest)]);
        assert_eq!(kids.len(), 3);
        for (body, field) in [(json!({"overlap": -1}), "overlap"), (json!({"overlap": 604_801}), "overlap")] {
            let refused = alpha.owner.post(ROTATE, body).await.refused(400, "invalid_request");
            assert_eq!(refused["details"]["field"], field);
        }
        // What was done is in the trail, and nothing of the keys but their ids.
        let trail = alpha.owner.all("/v1/audit-events?action=session_token_key:rotate").await;
        assert_eq!(trail.len(), 2);
        assert_eq!(trail[0]["details"]["key_id"], at_once.text("/id"));
        assert_eq!(trail[0]["details"].as_object().expect("details").len(), 2);
    }

    async fn templates_are_for_those_who_manage_and_read_by_all_roles(house: House) {
        let alpha = &house.alpha;
        let path = format!("{TEMPLATES}/app");
        let tag = alpha.owner.put(&path, json!({})).await.expect(201).header("etag").to_owned();
        for (role, manages) in [("admin", true), ("editor", false), ("viewer", false), ("auditor", false)] {
            let caller = alpha.caller(role).await;
            assert_eq!(caller.all(TEMPLATES).await.len(), 2);
            let read = caller.request(Method::GET, &path).header("If-None-Match", &tag);
            send(read).await.expect(304);
            let own = format!("{TEMPLATES}/{role}");
            if manages {
                caller.put(&own, json!({})).await.expect(201);
                caller.post(ROTATE, json!({})).await.expect(200);
                caller.delete(&own).await.expect(204);
                caller.delete(&own).await.refused(404, "not_found");
            } else {
                caller.put(&own, json!({})).await.refused(403, "forbidden");
                caller.put(&path, json!({"ttl_seconds": 1})).await.refused(403, "forbidden");
                caller.post(ROTATE, json!({})).await.refused(403, "forbidden");
                caller.delete(&path).await.refused(403, "forbidden");
            }
        }
        let stale = alpha.owner.request(Method::PUT, &path).header("If-Match", "\"7\"").json(&json!({}));
        send(stale).await.refused(412, "stale_resource");
        let once = async || {
            let put = alpha.owner.request(Method::PUT, &path).json(&json!({"ttl_seconds": 5}));
            send(put.header("Idempotency-Key", "once")).await.expect(200)
        };
        let (first, second) = (once().await, once().await);
        assert_eq!((first.header("etag"), second.header("etag")), ("\"2\"", "\"2\""));
        assert_eq!(second.header("idempotency-replayed"), "true");
    }

    async fn a_template_that_can_not_be_is_refused_by_the_field(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let path = format!("{TEMPLATES}/app");
        for (body, field) in [
            (json!({"ttl_seconds": 0}), "ttl_seconds"),
            (json!({"ttl_seconds": 86_401}), "ttl_seconds"),
            (json!({"claims": {"iss": "/id"}}), "claims.iss"),
            (json!({"claims": {"sid": "/id"}}), "claims.sid"),
            (json!({"claims": {"mail": "identity/traits"}}), "claims.mail"),
            (json!({"audience": [""]}), "audience"),
            (json!({"subject_source": "email"}), "subject_source"),
        ] {
            let refused = alpha.owner.put(&path, body).await.refused(400, "invalid_request");
            assert_eq!(refused["details"]["field"], field);
        }
        alpha.owner.put(&path, json!({"claims_mapper_url": "x"})).await.refused(400, "unknown_field");
        let refused = alpha.owner.put(&format!("{TEMPLATES}/a%20b"), json!({})).await.refused(400, "invalid_request");
        assert_eq!(refused["details"]["field"], "name");
        let before = house.twin.owner.all(TEMPLATES).await.len();
        assert_eq!(alpha.owner.all(TEMPLATES).await.len(), before);

        // What a template asks of an identity that does not have it, or has too much of it.
        let (subject, whole) = (json!({"subject_source": "external_id"}), json!({"claims": {"all": "/identity"}}));
        alpha.owner.put(&format!("{TEMPLATES}/subject"), subject).await.expect(201);
        alpha.owner.put(&format!("{TEMPLATES}/whole"), whole).await.expect(201);
        let long = json!({"traits": {"email": "long@example.test"}, "metadata_public": "x".repeat(8_000)});
        let id = alpha.owner.post("/admin/identities", long).await.expect(201).text("/id");
        let issued = alpha.owner.post(&format!("/v1/users/{id}/sessions"), json!({})).await.expect(201);
        for name in ["subject", "whole", "none", "a%00b"] {
            let refused = whoami(&nobody, &issued.text("/token"), name).await.refused(400, "invalid_request");
            assert_eq!(refused["details"]["field"], "tokenize_as");
        }
    }
}

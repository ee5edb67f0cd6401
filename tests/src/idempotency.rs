//! `Idempotency-Key`: what is sent again is answered again, and done once.

use std::time::{Duration, Instant};

use reqwest::Method;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::{
    client::{Caller, Reply, send, try_send},
    database::{Db, connect, random},
    gateway::Gateway,
    house::{Tenant, customer_schema},
    notices::put,
};

fn fresh() -> String {
    format!("key-{:016x}", random())
}

async fn post(caller: &Caller, path: &str, key: &str, body: &Value) -> Reply {
    let request = caller.request(Method::POST, path);
    send(request.header("Idempotency-Key", key).json(body)).await
}

fn replayed(reply: &Reply) -> bool {
    reply.header("idempotency-replayed") == "true"
}

/// The same answer but for what each answer has of its own.
#[track_caller]
fn same(one: &Reply, other: &Reply) {
    assert_eq!((one.status, &one.body), (other.status, &other.body));
    for name in ["location", "etag", "content-type", "cache-control", "link"] {
        assert_eq!(one.header(name), other.header(name), "{name}");
    }
}

/// Somebody whom nothing stops from being there twice.
fn nick(name: &str) -> Value {
    json!({"schema_id": "customer", "traits": {"nick": name}})
}

/// How many identities have this nick.
async fn named(caller: &Caller, name: &str) -> usize {
    let all = caller
        .get("/admin/identities?schema_id=customer&page_size=500")
        .await;
    let all = all.expect(200).json();
    let nicks = all.as_array().expect("a list").iter();
    nicks
        .filter(|identity| identity["traits"]["nick"] == name)
        .count()
}

/// Asks again while the first request is being done.
async fn until_answered(ask: impl AsyncFn() -> Reply) -> Reply {
    let start = Instant::now();
    loop {
        let reply = ask().await;
        if reply.status != 409 {
            return reply;
        }
        assert_eq!(reply.header("retry-after"), "1", "{reply}");
        reply.refused(409, "idempotency_key_in_flight");
        assert!(start.elapsed() < Duration::from_secs(10), "{reply}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

on_both_databases! {
    async fn abuse_56_the_same_request_twice_is_done_once_and_answered_the_same(house: House) {
        let alpha = &house.alpha;
        let links = format!("/v1/users/{}/identities", alpha.ada);
        let link = json!({"identity_provider_id": alpha.provider, "external_id": "twice"});
        for (path, body) in [
            ("/admin/identities", nick("twice")),
            ("/iam/identities", nick("twice")),
            ("/v1/identity-providers", json!({"name": "twice", "type": "saml"})),
            ("/v1/api-keys", json!({"name": "twice", "roles": ["viewer"]})),
            (links.as_str(), link),
            ("/v1/policies/validate", json!({"policy": "permit(principal, action, resource);"})),
        ] {
            let key = fresh();
            let first = post(&alpha.owner, path, &key, &body).await;
            assert!([200, 201].contains(&first.status) && !replayed(&first), "{first}");
            let events = alpha.owner.all("/v1/audit-events?page_size=500").await;
            for _ in 0..2 {
                let again = post(&alpha.owner, path, &key, &body).await;
                same(&first, &again);
                assert!(replayed(&again), "{again}");
            }
            assert_eq!(alpha.owner.all("/v1/audit-events?page_size=500").await, events);
            // Another request under the same key: other body, other query, other path.
            let other = json!({"name": "other"});
            post(&alpha.owner, path, &key, &other).await.refused(422, "idempotency_key_reused");
            let query = format!("{path}?force=true");
            post(&alpha.owner, &query, &key, &body).await.refused(422, "idempotency_key_reused");
            post(&alpha.owner, "/v1/policies/validate", &key, &other)
                .await
                .refused(422, "idempotency_key_reused");
        }
        assert_eq!(named(&alpha.owner, "twice").await, 2);
        // Another key is another request, and without one nothing is remembered.
        post(&alpha.owner, "/admin/identities", &fresh(), &nick("twice")).await.expect(201);
        alpha.owner.post("/admin/identities", nick("twice")).await.expect(201);
        assert_eq!(named(&alpha.owner, "twice").await, 4);
    }

    async fn abuse_56_of_the_same_request_many_times_at_once_one_is_done(house: House) {
        let owner = &house.alpha.owner;
        for _ in 0..3 {
            let key = fresh();
            let body = nick("crowd");
            let asks = (0..12).map(|_| post(owner, "/admin/identities", &key, &body));
            let replies = futures_util::future::join_all(asks).await;
            let done = replies.iter().filter(|reply| reply.status == 201 && !replayed(reply));
            assert_eq!(done.count(), 1);
            let last = until_answered(async || {
                post(owner, "/admin/identities", &key, &body).await
            });
            let last = last.await;
            for reply in &replies {
                match reply.status {
                    201 => same(reply, &last),
                    _ => drop(reply.refused(409, "idempotency_key_in_flight")),
                }
            }
        }
        assert_eq!(named(owner, "crowd").await, 3);
    }

    async fn abuse_56_nobody_gets_the_answer_of_another(house: House) {
        let alpha = &house.alpha;
        let key = fresh();
        let first = post(&alpha.owner, "/admin/identities", &key, &nick("mine")).await.expect(201);
        let others = Tenant::new(house.gateway, "others").await;
        for caller in [&alpha.caller("editor").await, &alpha.caller("owner").await, &others.owner] {
            let reply = post(caller, "/admin/identities", &key, &nick("mine")).await.expect(201);
            assert!(!replayed(&reply) && reply.text("/id") != first.text("/id"), "{reply}");
        }
        assert_eq!(named(&alpha.owner, "mine").await, 3);
        assert_eq!(named(&others.owner, "mine").await, 1);
        let viewer = alpha.caller("viewer").await;
        post(&viewer, "/admin/identities", &key, &nick("mine")).await.refused(403, "forbidden");
    }

    async fn what_was_allowed_once_is_decided_again(house: House) {
        let owner = &house.alpha.owner;
        let key = fresh();
        let first = post(owner, "/admin/identities", &key, &nick("then")).await.expect(201);
        let freeze = r#"@notice("frozen") forbid(principal, action == Palisade::Action::"identity:create", resource);"#;
        put(owner, "freeze", freeze).await;
        let refused = post(owner, "/admin/identities", &key, &nick("then")).await;
        assert_eq!(refused.refused(403, "forbidden")["notices"], json!(["frozen"]));
        owner.delete("/v1/policies/freeze").await.expect(204);
        let again = post(owner, "/admin/identities", &key, &nick("then")).await;
        same(&first, &again);
    }

    async fn a_secret_is_answered_again_and_kept_sealed(house: House) {
        let owner = &house.alpha.owner;
        let key = fresh();
        let body = json!({"name": "ci", "roles": ["viewer"]});
        let first = post(owner, "/v1/api-keys", &key, &body).await.expect(201);
        let again = post(owner, "/v1/api-keys", &key, &body).await;
        same(&first, &again);
        owner.with_key(&again.text("/secret")).get("/v1/whoami").await.expect(200);
        let database = connect(house.gateway.database()).await;
        let statement = Statement::from_sql_and_values(
            database.get_database_backend(),
            "SELECT answer FROM idempotency_keys WHERE idempotency_key = $1",
            [key.as_str().into()],
        );
        let row = database.query_one_raw(statement).await.expect("answers").expect("a row");
        let answer: Vec<u8> = row.try_get_by_index(0).expect("bytes");
        assert!(answer.len() > first.body.len());
        for clear in [first.text("/secret"), first.text("/id"), "secret".to_owned()] {
            assert!(!answer.windows(clear.len()).any(|part| part == clear.as_bytes()));
        }
        let rotate = format!("/v1/api-keys/{}/rotate", first.text("/id"));
        let key = fresh();
        let rotated = post(owner, &rotate, &key, &json!({})).await.expect(201);
        same(&rotated, &post(owner, &rotate, &key, &json!({})).await);
        let sessions = format!("/v1/users/{}/sessions", house.alpha.ada);
        let key = fresh();
        let issued = post(owner, &sessions, &key, &json!({})).await.expect(201);
        let again = post(owner, &sessions, &key, &json!({})).await;
        same(&issued, &again);
        assert!(replayed(&again) && again.text("/token").starts_with("pst_"), "{again}");
        let listed = owner.get(&sessions).await.expect(200).json();
        // Beside the one that the house has.
        assert_eq!(listed["data"].as_array().map(Vec::len), Some(2), "{listed}");
    }

    async fn a_checked_password_is_answered_again_and_kept_nowhere(house: House) {
        let owner = &house.alpha.owner;
        let body = json!({
            "traits": {"email": "verify@example.test"},
            "credentials": {"password": {"config": {"password": "a long correct horse"}}},
        });
        let id = owner.post("/admin/identities", body).await.expect(201).text("/id");
        let path = format!("/v1/users/{id}/verify-password");
        let (key, password) = (fresh(), json!({"password": "a long correct horse"}));
        let first = post(owner, &path, &key, &password).await.expect(200);
        assert_eq!(first.json(), json!({"verified": true}));
        let again = post(owner, &path, &key, &password).await;
        same(&first, &again);
        assert!(replayed(&again), "{again}");
        let other = post(owner, &path, &key, &json!({"password": "another"})).await;
        other.refused(422, "idempotency_key_reused");
        let database = connect(house.gateway.database()).await;
        let statement = Statement::from_sql_and_values(
            database.get_database_backend(),
            "SELECT answer, fingerprint FROM idempotency_keys WHERE idempotency_key = $1",
            [key.as_str().into()],
        );
        let row = database.query_one_raw(statement).await.expect("answers").expect("a row");
        for column in 0..2 {
            let kept: Vec<u8> = row.try_get_by_index(column).expect("bytes");
            assert!(!kept.windows(5).any(|part| part == b"horse"));
        }
    }

    async fn what_was_refused_changed_nothing_and_lets_its_key_go(house: House) {
        let owner = &house.alpha.owner;
        let key = fresh();
        let body = |email: &str| json!({"traits": {"email": email}});
        for wrong in [json!({"traits": {}}), json!({"colour": "red"}), json!([])] {
            let reply = post(owner, "/admin/identities", &key, &wrong).await;
            assert_eq!(reply.status, 400, "{reply}");
        }
        let taken = post(owner, "/admin/identities", &key, &body("ada@example.test")).await;
        taken.refused(409, "conflict");
        let long = owner
            .request(Method::POST, "/v1/api-keys")
            .header("Idempotency-Key", &key)
            .body("x".repeat(1_048_577));
        send(long).await.refused(413, "body_too_large");
        let created = post(owner, "/admin/identities", &key, &body("eve@example.test")).await;
        assert!(!replayed(&created.expect(201)));
        let again = post(owner, "/admin/identities", &key, &body("eve@example.test")).await;
        assert!(replayed(&again.expect(201)));
    }

    async fn a_key_is_one_short_printable_text(house: House) {
        let owner = &house.alpha.owner;
        let with = |value: &[u8]| {
            let value = reqwest::header::HeaderValue::from_bytes(value).expect("can be sent");
            let request = owner.request(Method::POST, "/admin/identities");
            send(request.header("Idempotency-Key", value).json(&nick("bad")))
        };
        for bad in [&b""[..], &[b'k'; 256], "schlüssel".as_bytes(), b"\xff"] {
            let refused = with(bad).await.refused(400, "invalid_header");
            assert_eq!(refused["details"]["field"], "Idempotency-Key");
        }
        let twice = owner
            .request(Method::POST, "/admin/identities")
            .header("Idempotency-Key", "a")
            .header("Idempotency-Key", "b");
        send(twice.json(&nick("bad"))).await.refused(400, "invalid_header");
        assert_eq!(named(owner, "bad").await, 0);
        with(&[b'k'; 255]).await.expect(201);
        // A read takes no notice of it.
        let read = owner.request(Method::GET, "/admin/identities").header("Idempotency-Key", "");
        send(read).await.expect(200);
    }

    async fn abuse_56_every_other_write_is_done_once_too(house: House) {
        let (alpha, owner) = (&house.alpha, &house.alpha.owner);
        let path = format!("/admin/identities/{}", alpha.ada);
        let ask = async |method: Method, path: &str, key: &str, tag: Option<&str>, body: Option<&Value>| {
            let mut request = owner.request(method, path).header("Idempotency-Key", key);
            if let Some(tag) = tag {
                request = request.header("If-Match", tag);
            }
            send(match body {
                Some(body) => request.json(body),
                None => request,
            })
            .await
        };
        let log = json!([{"op": "add", "path": "/metadata_public", "value": ["one"]}]);
        owner.patch(&path, log).await.expect(200);

        // What is appended twice is there twice.
        let (key, more) = (fresh(), json!([{"op": "add", "path": "/metadata_public/-", "value": "two"}]));
        let first = ask(Method::PATCH, &path, &key, None, Some(&more)).await.expect(200);
        let again = ask(Method::PATCH, &path, &key, None, Some(&more)).await.expect(200);
        same(&first, &again);
        assert!(!replayed(&first) && replayed(&again));
        let log = owner.get(&path).await.expect(200).json();
        assert_eq!(log["metadata_public"], json!(["one", "two"]));
        let reused = json!([{"op": "add", "path": "/metadata_public/-", "value": "three"}]);
        ask(Method::PATCH, &path, &key, None, Some(&reused)).await.refused(422, "idempotency_key_reused");

        // With the tag that it had, which a second attempt would find stale; with another tag it is another request.
        let (key, tag) = (fresh(), again.header("etag").to_owned());
        let body = json!({"traits": {"email": "ada@example.test", "name": {"first": "Ada"}}});
        let first = ask(Method::PUT, &path, &key, Some(&tag), Some(&body)).await.expect(200);
        let again = ask(Method::PUT, &path, &key, Some(&tag), Some(&body)).await.expect(200);
        same(&first, &again);
        assert!(replayed(&again));
        ask(Method::PUT, &path, &key, Some("*"), Some(&body)).await.refused(422, "idempotency_key_reused");

        // What is gone is answered as gone to whoever removed it, and as absent to a new request.
        let (key, bob) = (fresh(), format!("/admin/identities/{}", alpha.bob));
        ask(Method::DELETE, &bob, &key, None, None).await.expect(204);
        assert!(replayed(&ask(Method::DELETE, &bob, &key, None, None).await.expect(204)));
        ask(Method::DELETE, &bob, &fresh(), None, None).await.refused(404, "not_found");
    }

    async fn a_caller_that_hung_up_is_answered_when_it_asks_again(house: House) {
        let owner = &house.alpha.owner;
        for round in 0..10_u64 {
            let (key, name) = (fresh(), format!("gone-{round}"));
            let body = nick(&name).to_string();
            let head = format!(
                "POST /admin/identities HTTP/1.1\r\nHost: palisade\r\nX-API-Key: {}\r\nIdempotency-Key: {key}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                owner.key(),
                body.len()
            );
            let address = house.gateway.address();
            let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
            stream.write_all(head.as_bytes()).await.expect("sends");
            tokio::time::sleep(Duration::from_micros(round * 300)).await;
            drop(stream);
            let body = nick(&name);
            let reply = until_answered(async || post(owner, "/admin/identities", &key, &body).await);
            reply.await.expect(201);
            assert_eq!(named(owner, &name).await, 1, "{round}");
        }
    }
}

#[tokio::test]
async fn abuse_56_two_nodes_do_it_once_between_them() {
    let one = Gateway::own(Db::Postgres, &[]).await;
    let two = one.second_node();
    let tenant = Tenant::new(&one, "nodes").await;
    let (here, there) = (&tenant.owner, &tenant.owner.at(&two));
    let key = fresh();
    let first = post(here, "/admin/identities", &key, &nick("one"))
        .await
        .expect(201);
    let again = post(there, "/admin/identities", &key, &nick("one")).await;
    same(&first, &again);
    assert!(replayed(&again));
    for _ in 0..5 {
        let key = fresh();
        let body = nick("both");
        let asks = (0..8).map(|number| {
            let caller = if number % 2 == 0 { here } else { there };
            post(caller, "/admin/identities", &key, &body)
        });
        let replies = futures_util::future::join_all(asks).await;
        let done = replies
            .iter()
            .filter(|reply| reply.status == 201 && !replayed(reply));
        assert_eq!(done.count(), 1);
    }
    assert_eq!(named(here, "both").await, 5);
}

on_both_databases! {
    async fn abuse_56_a_crash_in_between_never_makes_two(db: Db) {
        let mut gateway = Gateway::own(db, &[]).await;
        let (_, owner) = gateway.new_tenant("crash").await;
        let schema = json!({"schema": customer_schema()});
        owner.put("/v1/schemas/customer", schema).await.expect(201);
        let mut sent = 0_usize;
        let (mut told, mut lost) = (0, 0);
        for round in 0..6_u64 {
            let caller = owner.at(&gateway);
            // One request a key, all cut off by the end of the node.
            let mut asks = tokio::task::JoinSet::new();
            for number in sent..sent + 24 {
                let caller = caller.clone();
                asks.spawn(async move {
                    let request = caller.request(Method::POST, "/admin/identities");
                    let key = format!("crash-{number}");
                    let body = nick(&format!("n{number}"));
                    let answer = try_send(request.header("Idempotency-Key", key).json(&body)).await;
                    answer.ok().map(|reply| reply.expect(201))
                });
            }
            tokio::time::sleep(Duration::from_millis(3 + round * 4)).await;
            gateway.running().signal("KILL");
            asks.join_all().await;
            gateway.running().wait(Duration::from_secs(10));
            gateway.restart(&[]);
            let caller = owner.at(&gateway);
            for number in sent..sent + 24 {
                let (key, body) = (format!("crash-{number}"), nick(&format!("n{number}")));
                let reply = post(&caller, "/admin/identities", &key, &body).await;
                match reply.status {
                    201 => told += 1,
                    _ => {
                        // Whether the first one was done is not known before its time is up.
                        reply.refused(409, "idempotency_key_in_flight");
                        lost += 1;
                    }
                }
            }
            sent += 24;
        }
        let owner = owner.at(&gateway);
        let (mut token, mut nicks) = (None, Vec::new());
        loop {
            let page = token.map_or_else(
                || "/admin/identities?schema_id=customer".to_owned(),
                |token| format!("/admin/identities?schema_id=customer&page_token={token}"),
            );
            let page = owner.get(&page).await.expect(200);
            let body = page.json();
            let found = body.as_array().expect("a list").iter();
            nicks.extend(found.map(|identity| identity["traits"]["nick"].to_string()));
            token = crate::isolation::next_token(page.header("link"));
            if token.is_none() {
                break;
            }
        }
        let made = nicks.len();
        nicks.sort_unstable();
        nicks.dedup();
        assert_eq!(nicks.len(), made, "one key made two");
        assert!(told > 0 && told <= made && made <= told + lost, "{told} {lost} {made}");
    }
}

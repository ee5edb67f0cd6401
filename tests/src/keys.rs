//! Credentials: which are none, and how long a revoked or suspended one is honoured.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::{client::send, database::random_id, house::Tenant, isolation::eventually_refused};

on_both_databases! {
    async fn a_key_is_taken_from_either_header_and_from_nowhere_else(house: House) {
        let owner = &house.alpha.owner;
        let nobody = house.gateway.anonymous();
        let key = owner.key();
        let whoami = |name: &str, value: String| {
            send(
                nobody
                    .with_tenant(&house.alpha.id)
                    .request(Method::GET, "/v1/whoami")
                    .header(name, value),
            )
        };
        whoami("X-API-Key", key.to_owned()).await.expect(200);
        whoami("Authorization", format!("Bearer {key}"))
            .await
            .expect(200);
        whoami("Authorization", format!("bearer {key}"))
            .await
            .expect(200);
        for (name, value) in [
            ("Authorization", key.to_owned()),
            ("Authorization", format!("Basic {key}")),
            ("Authorization", format!("Bearer  {key}")),
            ("Authorization", "Bearer ".to_owned()),
            ("X-API-Key", format!("Bearer {key}")),
            ("Cookie", format!("api_key={key}")),
            ("X-Api-Token", key.to_owned()),
        ] {
            whoami(name, value).await.refused(401, "unauthenticated");
        }
        for query in ["api_key", "key", "access_token", "X-API-Key", "token"] {
            let path = format!("/admin/identities?{query}={key}");
            let reply = nobody.get(&path).await;
            assert!(!reply.body.contains(key), "{reply}");
            reply.refused(401, "unauthenticated");
        }
        // Two credentials at once are none.
        let two = owner
            .request(Method::GET, "/v1/whoami")
            .header("Authorization", format!("Bearer {key}"));
        send(two).await.refused(401, "unauthenticated");
        let two = owner
            .request(Method::GET, "/v1/whoami")
            .header("X-API-Key", key);
        send(two).await.refused(401, "unauthenticated");
    }

    async fn a_rotated_key_ends_with_its_overlap_and_the_new_one_is_its_like(house: House) {
        let owner = &house.alpha.owner;
        let networks = json!(["127.0.0.0/8", "::1/128"]);
        let body = json!({"name": "ci", "roles": ["editor"], "allowed_cidrs": networks});
        let old = owner.post("/v1/api-keys", body).await.expect(201);
        let path = |id: &str| format!("/v1/api-keys/{id}/rotate");
        // Without a body: a day.
        let without = owner.request(Method::POST, &path(&old.text("/id")));
        let next = send(without).await.expect(201);
        for field in ["/name", "/roles", "/allowed_cidrs", "/expires_at"] {
            assert_eq!(old.json().pointer(field), next.json().pointer(field), "{field}");
        }
        assert_eq!(next.text("/replaces"), old.text("/id"));
        assert_eq!(next.header("location"), format!("/v1/api-keys/{}", next.text("/id")));
        for key in [&old, &next] {
            let caller = owner.with_key(&key.text("/secret"));
            caller.get("/v1/whoami").await.expect(200);
        }
        let keys = owner.all("/v1/api-keys").await;
        let listed = keys.iter().find(|key| key["id"] == old.text("/id"));
        let listed = listed.expect("is listed");
        assert_eq!(
            (&listed["replaced_by"], &listed["expires_at"]),
            (&next.json()["id"], &next.json()["replaced_until"])
        );
        assert!(listed.get("secret").is_none());
        owner
            .post(&path(&old.text("/id")), json!({}))
            .await
            .refused(409, "conflict");
        // With no overlap it is refused at once.
        owner.with_key(&next.text("/secret")).get("/v1/whoami").await.expect(200);
        let last = owner
            .post(&path(&next.text("/id")), json!({"overlap": 0}))
            .await
            .expect(201);
        owner
            .with_key(&next.text("/secret"))
            .get("/v1/whoami")
            .await
            .refused(401, "unauthenticated");
        owner.with_key(&last.text("/secret")).get("/v1/whoami").await.expect(200);
        for wrong in [json!({"overlap": 604_801}), json!({"overlap": "1h"}), json!({"overlaps": 1})] {
            let reply = owner.post(&path(&last.text("/id")), wrong).await;
            assert_eq!(reply.status, 400, "{reply}");
        }
        let text = owner
            .request(Method::POST, &path(&last.text("/id")))
            .body("{}");
        send(text).await.refused(415, "unsupported_media_type");
    }

    async fn a_key_is_read_at_its_location_as_the_list_has_it(house: House) {
        let owner = &house.alpha.owner;
        let key = json!({"name": "reads", "roles": ["viewer"], "expires_at": "2999-01-31T12:00:00.123456789Z"});
        let made = owner.post("/v1/api-keys", key).await.expect(201);
        let place = made.header("location").to_owned();
        let read = owner.get(&place).await.expect(200).json();
        let mut answered = made.json();
        answered.as_object_mut().expect("an object").remove("secret");
        assert_eq!(read, answered);
        let keys = owner.all("/v1/api-keys").await;
        assert!(keys.contains(&read), "{read}");
        let rotated = owner.post(&format!("{place}/rotate"), json!({})).await.expect(201);
        owner.get(rotated.header("location")).await.expect(200);
        house.alpha.caller("viewer").await.get(&place).await.expect(200);
        owner.get("/v1/api-keys/x").await.refused(400, "invalid_id");
        owner.get(&format!("/v1/api-keys/{}", random_id())).await.refused(404, "not_found");
        house.twin.owner.get(&place).await.refused(404, "not_found");
    }

    async fn nobody_rotates_the_keys_of_their_betters(house: House) {
        let owner = &house.alpha.owner;
        let admin = house.alpha.caller("admin").await;
        let keys = owner.all("/v1/api-keys").await;
        let owners = keys.iter().find(|key| key["roles"] == json!(["owner"]));
        let owners = owners.and_then(|key| key["id"].as_str()).expect("the first key");
        let refused = admin
            .post(&format!("/v1/api-keys/{owners}/rotate"), json!({}))
            .await
            .refused(403, "forbidden");
        assert!(
            refused["notices"][0].as_str().is_some_and(|notice| notice.contains("`owner`") && notice.contains("rotated")),
            "{refused}"
        );
        house
            .alpha
            .caller("editor")
            .await
            .post(&format!("/v1/api-keys/{owners}/rotate"), json!({}))
            .await
            .refused(403, "forbidden");
        owner
            .post(&format!("/v1/api-keys/{}/rotate", random_id()), json!({}))
            .await
            .refused(404, "not_found");
        let theirs = house.twin.owner.all("/v1/api-keys").await;
        let theirs = theirs[0]["id"].as_str().expect("an id");
        owner
            .post(&format!("/v1/api-keys/{theirs}/rotate"), json!({"overlap": 0}))
            .await
            .refused(404, "not_found");
    }

    async fn abuse_02_the_tenant_header_is_sent_once_and_is_ones_own(house: House) {
        let (alpha, twin) = (&house.alpha, &house.twin);
        let plain = alpha.owner.without_tenant();
        plain
            .get("/v1/whoami")
            .await
            .refused(400, "tenant_required");
        plain.get("/v1/users").await.refused(400, "tenant_required");
        plain.get("/admin/identities").await.expect(200);
        for path in [
            "/v1/users",
            "/admin/identities",
            "/iam/identities",
            "/schemas",
        ] {
            plain
                .with_tenant(&twin.id)
                .get(path)
                .await
                .refused(403, "tenant_mismatch");
            plain
                .with_tenant("00000000-0000-0000-0000-000000000000")
                .get(path)
                .await
                .refused(403, "tenant_mismatch");
            plain
                .with_tenant(&random_id())
                .get(path)
                .await
                .refused(403, "tenant_mismatch");
            for nonsense in ["x", "", "*", "alpha"] {
                plain
                    .with_tenant(nonsense)
                    .get(path)
                    .await
                    .refused(400, "invalid_tenant_id");
            }
            for pair in [
                [&alpha.id, &alpha.id],
                [&alpha.id, &twin.id],
                [&twin.id, &alpha.id],
            ] {
                let [one, other] = pair;
                let twice = plain
                    .request(Method::GET, path)
                    .header("X-Tenant-ID", one)
                    .header("X-Tenant-ID", other);
                send(twice).await.refused(400, "invalid_tenant_id");
            }
            let list = format!("{}, {}", alpha.id, twin.id);
            plain
                .with_tenant(&list)
                .get(path)
                .await
                .refused(400, "invalid_tenant_id");
        }
        // Before any look-up: the answer is the same for what exists at the other and what exists nowhere.
        let foreign = plain.with_tenant(&twin.id);
        let existing = foreign
            .get(&format!("/v1/users/{}", twin.ada))
            .await
            .refused(403, "tenant_mismatch");
        let absent = foreign
            .get(&format!("/v1/users/{}", random_id()))
            .await
            .refused(403, "tenant_mismatch");
        assert_eq!(existing, absent);
        // And 401 comes before all of it.
        let nobody = house.gateway.anonymous();
        nobody
            .get("/v1/whoami")
            .await
            .refused(401, "unauthenticated");
        nobody
            .with_tenant("x")
            .get("/v1/whoami")
            .await
            .refused(401, "unauthenticated");
        // Other words for a tenant are not read.
        let hinted = plain
            .request(Method::GET, "/v1/users")
            .header("X-Tenant-ID", &alpha.id)
            .header("X-Tenant", &twin.id)
            .header("Host", "twin.example.test");
        assert_eq!(
            send(hinted).await.expect(200).json(),
            alpha.owner.get("/v1/users").await.json()
        );
    }

    async fn abuse_10_a_suspended_tenant_is_refused_until_it_is_resumed(house: House) {
        let tenant = Tenant::new(house.gateway, "pause").await;
        let operator = house.gateway.operator();
        let viewer = tenant.caller("viewer").await;
        let rows = tenant.rows().await;
        operator
            .post(&format!("/v1/tenants/{}/suspend", tenant.id), json!({}))
            .await
            .expect(200);
        eventually_refused(&tenant, 403).await;
        for path in [
            "/v1/whoami",
            "/v1/users",
            "/admin/identities",
            "/schemas",
            "/v1/audit-events",
        ] {
            tenant
                .owner
                .get(path)
                .await
                .refused(403, "tenant_suspended");
            viewer.get(path).await.refused(403, "tenant_suspended");
        }
        let eve = json!({"traits": {"email": "eve@example.test"}});
        tenant
            .owner
            .post("/admin/identities", eve)
            .await
            .refused(403, "tenant_suspended");
        tenant
            .owner
            .delete(&format!("/admin/identities/{}", tenant.ada))
            .await
            .refused(403, "tenant_suspended");
        house.alpha.owner.get("/v1/whoami").await.expect(200);

        operator
            .post(&format!("/v1/tenants/{}/resume", tenant.id), json!({}))
            .await
            .expect(200);
        let start = std::time::Instant::now();
        while tenant.owner.get("/v1/whoami").await.status != 200 {
            assert!(start.elapsed() <= Duration::from_secs(1), "still suspended");
        }
        assert_eq!(tenant.rows().await, rows);
    }

    async fn abuse_25_every_cut_and_every_extension_of_a_key_is_refused(house: House) {
        let key = house.alpha.owner.key();
        let caller = house.gateway.anonymous().with_tenant(&house.alpha.id);
        for length in 0..key.len() {
            caller
                .with_key(&key[..length])
                .get("/v1/whoami")
                .await
                .refused(401, "unauthenticated");
        }
        let mut others: Vec<String> = ["a", "_", "=", "aaaaaaaa", "%00"]
            .iter()
            .map(|more| format!("{key}{more}"))
            .collect();
        others.extend([
            key.to_uppercase(),
            key.replacen("pal_", "pal-", 1),
            key.replacen("pal_", "", 1),
            "x".repeat(8_000),
        ]);
        // The one tenant's id with the other's secret.
        let (_, secret) = key.rsplit_once('_').expect("a key has parts");
        let (id, _) = house
            .twin
            .owner
            .key()
            .rsplit_once('_')
            .expect("a key has parts");
        others.push(format!("{id}_{secret}"));
        for wrong in others {
            caller
                .with_key(&wrong)
                .get("/v1/whoami")
                .await
                .refused(401, "unauthenticated");
        }
        let bytes = caller
            .request(Method::GET, "/v1/whoami")
            .header("X-API-Key", &b"pal_\xff\xfe"[..]);
        send(bytes).await.refused(401, "unauthenticated");
        caller.with_key(key).get("/v1/whoami").await.expect(200);
    }

    async fn a_key_is_revoked_only_by_one_that_may_do_as_much(house: House) {
        let owner = &house.alpha.owner;
        let other = owner
            .post("/v1/api-keys", json!({"name": "second", "roles": ["owner"]}))
            .await
            .expect(201);
        let path = format!("/v1/api-keys/{}", other.text("/id"));
        let admin = house.alpha.caller("admin").await;
        let refused = admin.delete(&path).await.refused(403, "forbidden");
        assert!(refused["notices"][0].as_str().expect("a notice").contains("`owner`"), "{refused}");
        owner.with_key(&other.text("/secret")).get("/v1/whoami").await.expect(200);
        let viewer = owner
            .post("/v1/api-keys", json!({"name": "reads", "roles": ["viewer"]}))
            .await
            .expect(201);
        admin.delete(&format!("/v1/api-keys/{}", viewer.text("/id"))).await.expect(204);
        owner.delete(&path).await.expect(204);
    }

    async fn abuse_29_a_revoked_or_expired_key_is_refused_and_no_key_is_ever_shown_again(
        house: House,
    ) {
        let Tenant { owner, .. } = &house.alpha;
        let created = owner
            .post(
                "/v1/api-keys",
                json!({"name": "short", "roles": ["editor"]}),
            )
            .await
            .expect(201);
        let (id, secret) = (created.text("/id"), created.text("/secret"));
        let editor = owner.with_key(&secret);
        editor.get("/v1/whoami").await.expect(200);
        owner
            .delete(&format!("/v1/api-keys/{id}"))
            .await
            .expect(204);
        let start = std::time::Instant::now();
        while editor.get("/v1/whoami").await.status != 401 {
            assert!(
                start.elapsed() <= Duration::from_secs(1),
                "a revoked key works after a second"
            );
        }
        editor
            .get("/v1/whoami")
            .await
            .refused(401, "unauthenticated");

        let soon = json!({"name": "soon", "roles": ["viewer"], "expires_at": in_seconds(house.gateway, 2).await});
        let soon = owner.with_key(
            &owner
                .post("/v1/api-keys", soon)
                .await
                .expect(201)
                .text("/secret"),
        );
        soon.get("/v1/whoami").await.expect(200);
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        soon.get("/v1/whoami").await.refused(401, "unauthenticated");
        let past =
            json!({"name": "past", "roles": ["viewer"], "expires_at": "2001-01-01T00:00:00Z"});
        let past = owner.post("/v1/api-keys", past).await;
        assert!(past.status == 400 || past.status == 201, "{past}");
        if past.status == 201 {
            owner
                .with_key(&past.text("/secret"))
                .get("/v1/whoami")
                .await
                .refused(401, "unauthenticated");
        }

        // A key that may not is told so whether or not there is something to hide.
        let viewer = house.alpha.caller("viewer").await;
        let existing = viewer
            .delete(&format!(
                "/v1/users/{}/identities/{}",
                house.alpha.ada, house.alpha.ada_link
            ))
            .await;
        let absent = viewer
            .delete(&format!(
                "/v1/users/{}/identities/{}",
                random_id(),
                random_id()
            ))
            .await;
        assert_eq!(
            existing.refused(403, "forbidden"),
            absent.refused(403, "forbidden")
        );
        let existing = viewer
            .delete(&format!("/admin/identities/{}", house.alpha.ada))
            .await
            .refused(403, "forbidden");
        let absent = viewer
            .delete(&format!("/admin/identities/{}", random_id()))
            .await
            .refused(403, "forbidden");
        let without = crate::isolation::without_request;
        assert_eq!(without(&existing), without(&absent));

        let keys = [owner.key(), viewer.key(), &secret];
        let mut seen = vec![("log", house.gateway.running().log())];
        for path in [
            "/v1/api-keys",
            "/v1/audit-events?page_size=500",
            "/v1/whoami",
        ] {
            seen.push((path, owner.get(path).await.expect(200).body));
        }
        for (place, text) in seen {
            for key in keys {
                let (_, end) = key.rsplit_once('_').expect("a key has parts");
                assert!(!text.contains(end), "a key's secret stands in {place}");
            }
        }
    }
}

/// A time by the gateway's own clock: the test needs none.
pub(crate) async fn in_seconds(gateway: &crate::gateway::Gateway, seconds: u64) -> String {
    let reply = gateway.anonymous().get("/health/alive").await.expect(200);
    let date = reply.header("date");
    // `Sun, 06 Nov 1994 08:49:37 GMT`
    let parts: Vec<&str> = date.split([' ', ':']).collect();
    let [_, day, month, year, hour, minute, second, _] = parts[..] else {
        panic!("no HTTP date: {date}")
    };
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = months
        .iter()
        .position(|name| *name == month)
        .expect("a month")
        + 1;
    let (hour, minute): (u64, u64) = (hour.parse().expect("hour"), minute.parse().expect("minute"));
    let at = hour * 3_600 + minute * 60 + second.parse::<u64>().expect("second") + seconds;
    assert!(at < 86_400, "started right before midnight; start again");
    format!(
        "{year}-{month:02}-{day}T{:02}:{:02}:{:02}Z",
        at / 3_600,
        at / 60 % 60,
        at % 60
    )
}

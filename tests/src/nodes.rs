//! Two nodes on one PostgreSQL: what one is told, the other honours within a second.

use std::time::{Duration, Instant};

use reqwest::Method;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::json;

use crate::{
    client::{Caller, Reply, send},
    database::{Db, connect, random_id},
    gateway::Gateway,
    house::Tenant,
    session_tokens,
};

const BOUND: Duration = Duration::from_secs(1);

/// Asks until the answer has this status. Every answer before `from + BOUND` may be an old one, none after.
async fn within_a_second(from: Instant, status: u16, ask: impl AsyncFn() -> Reply) -> Reply {
    loop {
        let asked = Instant::now();
        let reply = ask().await;
        if reply.status == status {
            return reply;
        }
        assert!(
            asked.duration_since(from) <= BOUND,
            "a second later still {reply}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What PostgreSQL says of its backends that listen for this database.
async fn of_listeners(node: &Gateway, what: &str) -> i64 {
    let database = connect(node.database()).await;
    let text = format!(
        "SELECT {what} AS answer FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'palisade listener'"
    );
    let statement = Statement::from_string(DbBackend::Postgres, text);
    let row = database
        .query_one_raw(statement)
        .await
        .expect("a superuser may");
    row.expect("a count")
        .try_get("", "answer")
        .expect("a number")
}

/// Ends the two nodes' listening backends, as a failing network would, once both listen.
async fn cut_listeners(node: &Gateway) {
    let start = Instant::now();
    while of_listeners(node, "count(*)").await < 2 {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the nodes do not listen again"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(of_listeners(node, "count(pg_terminate_backend(pid))").await >= 2);
}

/// Revokes, suspends and forbids at one node; asks the other, whose caches are warm.
async fn honoured_elsewhere(here: &Gateway, there: &Gateway, before_each: impl AsyncFn()) {
    let tenant = Tenant::new(here, "nodes").await;
    let at = |caller: &Caller| caller.at(there);
    let warm = async |caller: &Caller| {
        for _ in 0..3 {
            at(caller).get("/v1/whoami").await.expect(200);
        }
    };

    // Revoke a key.
    let created = tenant
        .owner
        .post("/v1/api-keys", json!({"name": "k", "roles": ["editor"]}))
        .await
        .expect(201);
    let editor = tenant.owner.with_key(&created.text("/secret"));
    warm(&editor).await;
    before_each().await;
    tenant
        .owner
        .delete(&format!("/v1/api-keys/{}", created.text("/id")))
        .await
        .expect(204);
    let from = Instant::now();
    within_a_second(from, 401, async || at(&editor).get("/v1/whoami").await)
        .await
        .refused(401, "unauthenticated");

    // Rotate a key without an overlap.
    let created = tenant
        .owner
        .post("/v1/api-keys", json!({"name": "k", "roles": ["editor"]}))
        .await
        .expect(201);
    let editor = tenant.owner.with_key(&created.text("/secret"));
    warm(&editor).await;
    before_each().await;
    let path = format!("/v1/api-keys/{}/rotate", created.text("/id"));
    let rotated = tenant
        .owner
        .post(&path, json!({"overlap": 0}))
        .await
        .expect(201);
    let from = Instant::now();
    within_a_second(from, 401, async || at(&editor).get("/v1/whoami").await).await;
    at(&tenant.owner.with_key(&rotated.text("/secret")))
        .get("/v1/whoami")
        .await
        .expect(200);

    // Put a policy, then take it away.
    let absent = format!("/admin/identities/{}", random_id());
    at(&tenant.owner)
        .delete(&absent)
        .await
        .refused(404, "not_found");
    before_each().await;
    let freeze = r#"@notice("frozen") forbid(principal, action == Palisade::Action::"identity:delete", resource);"#;
    tenant
        .owner
        .put("/v1/policies/freeze", json!({"policy": freeze}))
        .await
        .expect(201);
    let from = Instant::now();
    let refused =
        within_a_second(from, 403, async || at(&tenant.owner).delete(&absent).await).await;
    assert_eq!(
        refused.refused(403, "forbidden")["notices"],
        json!(["frozen"])
    );
    before_each().await;
    tenant.owner.delete("/v1/policies/freeze").await.expect(204);
    let from = Instant::now();
    within_a_second(from, 404, async || at(&tenant.owner).delete(&absent).await).await;

    // Suspend the tenant, then resume it.
    let operator = here.operator();
    warm(&tenant.owner).await;
    before_each().await;
    operator
        .post(&format!("/v1/tenants/{}/suspend", tenant.id), json!({}))
        .await
        .expect(200);
    let from = Instant::now();
    let refused = within_a_second(from, 403, async || {
        at(&tenant.owner).get("/v1/whoami").await
    })
    .await;
    refused.refused(403, "tenant_suspended");
    before_each().await;
    operator
        .post(&format!("/v1/tenants/{}/resume", tenant.id), json!({}))
        .await
        .expect(200);
    let from = Instant::now();
    within_a_second(from, 200, async || {
        at(&tenant.owner).get("/v1/whoami").await
    })
    .await;

    // A key and a schema that are new here are good there.
    let viewer = tenant.caller("viewer").await;
    let from = Instant::now();
    within_a_second(from, 200, async || at(&viewer).get("/v1/whoami").await).await;
    let schema = json!({"schema": {"type": "object", "properties": {"traits": {"type": "object", "required": ["badge"]}}}});
    at(&tenant.owner)
        .post(
            "/admin/identities",
            json!({"schema_id": "customer", "traits": {"nick": "x"}}),
        )
        .await
        .expect(201);
    before_each().await;
    let put = tenant
        .owner
        .put("/v1/schemas/customer?force=true", schema)
        .await;
    assert_eq!(put.status, 200, "{put}");
    let from = Instant::now();
    let body = json!({"schema_id": "customer", "traits": {"nick": "y"}});
    within_a_second(from, 400, async || {
        at(&tenant.owner)
            .post("/admin/identities", body.clone())
            .await
    })
    .await;

    // Delete a template of session tokens, and rotate the key that signs.
    let path = "/v1/session-token-templates/app";
    tenant.owner.put(path, json!({})).await.expect(201);
    let session = session_tokens::signed_in(&tenant, json!({})).await;
    let nobody = there.anonymous();
    let ask = async || session_tokens::whoami(&nobody, &session, "app").await;
    within_a_second(Instant::now(), 200, ask).await;
    before_each().await;
    let keys = "/v1/session-token-keys/rotate";
    tenant
        .owner
        .post(keys, json!({"overlap": 0}))
        .await
        .expect(200);
    let from = Instant::now();
    loop {
        let asked = Instant::now();
        let token = ask().await.expect(200).text("/tokenized");
        let known = session_tokens::keys(&here.anonymous(), &tenant.id).await;
        if session_tokens::verified(&token, &known, "").is_some() {
            break;
        }
        assert!(asked.duration_since(from) <= BOUND, "signed by an old key");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    before_each().await;
    tenant.owner.delete(path).await.expect(204);
    within_a_second(Instant::now(), 400, ask).await;

    // Delete the tenant.
    warm(&viewer).await;
    before_each().await;
    operator
        .delete(&format!("/v1/tenants/{}", tenant.id))
        .await
        .expect(204);
    let from = Instant::now();
    within_a_second(from, 401, async || at(&viewer).get("/v1/whoami").await).await;
}

#[tokio::test]
async fn abuse_10_and_29_what_one_node_revokes_suspends_or_forbids_the_other_honours_within_a_second()
 {
    let one = Gateway::own(Db::Postgres, &[]).await;
    let two = one.second_node();
    honoured_elsewhere(&one, &two, async || {}).await;
    honoured_elsewhere(&two, &one, async || {}).await;
}

#[tokio::test]
async fn abuse_10_and_29_also_when_the_listeners_connection_was_cut_just_before() {
    let one = Gateway::own(Db::Postgres, &[]).await;
    let two = one.second_node();
    honoured_elsewhere(&one, &two, async || {
        cut_listeners(&one).await;
    })
    .await;
}

#[tokio::test]
async fn two_nodes_are_one_gateway_to_a_caller() {
    let one = Gateway::own(Db::Postgres, &[]).await;
    let two = one.second_node();
    let tenant = Tenant::new(&one, "nodes").await;
    let elsewhere = tenant.owner.at(&two);
    assert_eq!(
        tenant.owner.get("/v1/users").await.expect(200).json(),
        elsewhere.get("/v1/users").await.expect(200).json()
    );
    // A page token of one is good at the other.
    let first = tenant
        .owner
        .get("/admin/identities?page_size=1")
        .await
        .expect(200);
    let token = crate::isolation::next_token(first.header("link")).expect("there are two");
    let second = elsewhere
        .get(&format!("/admin/identities?page_size=1&page_token={token}"))
        .await
        .expect(200)
        .json();
    assert_ne!(first.json()[0]["id"], second[0]["id"]);
    // An ETag, too: of two writes at two nodes with one tag, one is stale.
    let path = format!("/admin/identities/{}", tenant.ada);
    let tag = first_tag(&tenant.owner, &path).await;
    let body = json!([{"op": "add", "path": "/metadata_public", "value": 1}]);
    let patch = |caller: &Caller| {
        send(
            caller
                .request(Method::PATCH, &path)
                .header("If-Match", &tag)
                .json(&body),
        )
    };
    let (here, there) = tokio::join!(patch(&tenant.owner), patch(&elsewhere));
    let mut statuses = [here.status, there.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{here} / {there}");
}

async fn first_tag(caller: &Caller, path: &str) -> String {
    caller.get(path).await.expect(200).header("etag").to_owned()
}

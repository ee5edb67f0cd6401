//! Sessions: issued, shown to whom they belong, listed, ended.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    client::{Caller, Reply, send},
    database::{Db, random_id},
    gateway::Gateway,
    house::Tenant,
    isolation::next_token,
    keys::in_seconds,
    notices,
};

/// Issues a session; its id and its token.
async fn issue(tenant: &Tenant, identity: &str, body: Value) -> (String, String) {
    let reply = tenant
        .owner
        .post(&format!("/v1/users/{identity}/sessions"), body)
        .await
        .expect(201);
    (reply.text("/id"), reply.text("/token"))
}

/// A request with nothing but a session's token.
fn with_token(caller: &Caller, method: Method, path: &str, token: &str) -> RequestBuilder {
    caller
        .request(method, path)
        .header("X-Session-Token", token)
}

async fn whoami(nobody: &Caller, token: &str) -> Reply {
    send(with_token(nobody, Method::GET, "/sessions/whoami", token)).await
}

fn ids(reply: &Reply) -> Vec<String> {
    let list = reply.json();
    let list = list.as_array().expect("a list").clone();
    list.iter()
        .map(|session| session["id"].as_str().expect("an id").to_owned())
        .collect()
}

on_both_databases! {
    async fn a_session_is_issued_once_and_says_whose_it_is(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let body = json!({
            "lifespan_seconds": 600,
            "authentication_methods": [
                {"method": "password", "completed_at": "2026-01-01T10:00:00Z"},
                {"method": "totp", "completed_at": "2026-01-01T10:00:05Z"},
                {"method": "oidc", "provider": "corp", "aal": "aal1"},
            ],
            "device": {"ip_address": "198.51.100.7", "user_agent": "Browser", "location": "Berlin"},
        });
        let path = format!("/v1/users/{}/sessions", alpha.ada);
        let issued = alpha.owner.post(&path, body).await.expect(201);
        let (token, id) = (issued.text("/token"), issued.text("/id"));
        assert!(token.starts_with("pst_"), "{token}");
        assert_eq!(issued.header("location"), format!("/admin/sessions/{id}"));
        assert_eq!(issued.text("/authenticator_assurance_level"), "aal2");
        assert_eq!(issued.json()["active"], true);

        let bearer = nobody
            .request(Method::GET, "/sessions/whoami")
            .header("Authorization", format!("bearer {token}"));
        let cookie = nobody
            .request(Method::GET, "/sessions/whoami")
            .header("Cookie", format!("theme=dark; ory_kratos_session={token}"));
        for request in [
            with_token(&nobody, Method::GET, "/sessions/whoami", &token),
            with_token(&nobody.with_tenant(&alpha.id), Method::GET, "/sessions/whoami", &token),
            bearer,
            cookie,
        ] {
            let reply = send(request).await.expect(200);
            let session = reply.json();
            assert_eq!(session["id"], id.as_str());
            assert_eq!(session["active"], true);
            assert_eq!(session["identity"]["id"], alpha.ada.as_str());
            assert_eq!(session["identity"]["traits"]["email"], "ada@example.test");
            assert!(session["identity"].get("metadata_admin").is_none(), "{session}");
            assert!(session["identity"].get("credentials").is_none(), "{session}");
            assert_eq!(session["authenticator_assurance_level"], "aal2");
            assert_eq!(session["authentication_methods"][2]["provider"], "corp");
            assert_eq!(session["devices"][0]["ip_address"], "198.51.100.7");
            assert_eq!(reply.header("x-kratos-authenticated-identity-id"), alpha.ada);
            assert_eq!(
                reply.header("cache-control"),
                "private, no-cache, no-store, must-revalidate"
            );
        }

        // The admin sees the same with what admins see, and the token nowhere.
        let path = format!("/admin/sessions/{id}");
        let plain = alpha.owner.get(&path).await.expect(200).json();
        assert_eq!((&plain["identity"], &plain["devices"]), (&Value::Null, &Value::Null));
        for mount in ["/admin", "/iam"] {
            let path = format!("{mount}/sessions/{id}?expand=identity&expand=Devices");
            let whole = alpha.owner.get(&path).await.expect(200);
            assert_eq!(whole.json()["identity"]["metadata_admin"]["seat"], 1);
            assert_eq!(whole.json()["devices"][0]["location"], "Berlin");
            assert!(!whole.body.contains(&token[60..]), "{whole}");
        }
        assert!(!house.gateway.running().log().contains(&token[60..]));
        let refused = send(with_token(&nobody, Method::GET, "/sessions/whoami?tokenize_as=jwt", &token)).await;
        assert_eq!(refused.refused(400, "invalid_request")["details"]["field"], "tokenize_as");
    }

    async fn whoami_is_401_in_orys_form_whatever_is_wrong_with_the_token(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let (_, token) = issue(alpha, &alpha.ada, json!({})).await;
        let absent = send(nobody.request(Method::GET, "/sessions/whoami")).await;
        let body = absent.refused(401, "session_inactive");
        assert_eq!(body["error"]["id"], "session_inactive");
        assert_eq!(body["error"]["code"], 401);
        assert_eq!(body["error"]["status"], "Unauthorized");
        // One byte of the token, the tenant in it and the session in it are all covered.
        for place in [4, 20, 50, 60, 100, token.len() - 1] {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8(changed).expect("ASCII");
            whoami(&nobody, &changed).await.refused(401, "session_inactive");
        }
        for text in ["", "x", "pst_", alpha.owner.key(), &token[..60], "ory_st_MgWpIuNfgXQvDrXsMzLbeDCuQ"] {
            whoami(&nobody, text).await.refused(401, "session_inactive");
        }
    }

    async fn abuse_10_a_suspended_tenants_sessions_do_not_count(house: House) {
        let tenant = Tenant::new(house.gateway, "sessions").await;
        let nobody = house.gateway.anonymous();
        let (_, token) = issue(&tenant, &tenant.ada, json!({})).await;
        whoami(&nobody, &token).await.expect(200);
        let operator = house.gateway.operator();
        let path = format!("/v1/tenants/{}", tenant.id);
        operator.post(&format!("{path}/suspend"), json!({})).await.expect(200);
        whoami(&nobody, &token).await.refused(401, "session_inactive");
        operator.post(&format!("{path}/resume"), json!({})).await.expect(200);
        whoami(&nobody, &token).await.expect(200);
        operator.delete(&path).await.expect(204);
        whoami(&nobody, &token).await.refused(401, "session_inactive");
    }

    async fn abuse_42_a_deactivated_or_deleted_identitys_sessions_end_for_good(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let (id, token) = issue(alpha, &alpha.bob, json!({})).await;
        let (_, adas) = issue(alpha, &alpha.ada, json!({})).await;
        let path = format!("/admin/identities/{}", alpha.bob);
        let to = |state: &str| json!([{"op": "replace", "path": "/state", "value": state}]);
        alpha.owner.patch(&path, to("inactive")).await.expect(200);
        whoami(&nobody, &token).await.refused(401, "session_inactive");
        let session = alpha.owner.get(&format!("/admin/sessions/{id}")).await.expect(200);
        assert_eq!(session.json()["active"], false);
        alpha
            .owner
            .post(&format!("/v1/users/{}/sessions", alpha.bob), json!({}))
            .await
            .refused(409, "identity_inactive");
        alpha.owner.patch(&path, to("active")).await.expect(200);
        whoami(&nobody, &token).await.refused(401, "session_inactive");

        let (id, token) = issue(alpha, &alpha.bob, json!({})).await;
        whoami(&nobody, &token).await.expect(200);
        alpha.owner.delete(&path).await.expect(204);
        whoami(&nobody, &token).await.refused(401, "session_inactive");
        alpha.owner.get(&format!("/admin/sessions/{id}")).await.refused(404, "not_found");
        whoami(&nobody, &adas).await.expect(200);
    }

    async fn a_session_ends_at_its_time(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let (id, token) = issue(alpha, &alpha.ada, json!({"lifespan_seconds": 1})).await;
        let start = std::time::Instant::now();
        while whoami(&nobody, &token).await.status == 200 {
            assert!(start.elapsed().as_secs() < 3, "it should be over");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        whoami(&nobody, &token).await.refused(401, "session_inactive");
        let path = format!("/admin/sessions/{id}");
        assert_eq!(alpha.owner.get(&path).await.expect(200).json()["active"], false);
        let extend = alpha.owner.patch(&format!("{path}/extend"), json!({})).await;
        extend.refused(400, "invalid_request");
        whoami(&nobody, &token).await.refused(401, "session_inactive");
    }

    async fn all_sessions_are_listed_with_what_is_asked_for(house: House) {
        let alpha = &house.alpha;
        let mut made = vec![alpha.ada_session.clone()];
        for identity in [&alpha.bob, &alpha.ada, &alpha.bob] {
            made.push(issue(alpha, identity, json!({"device": {"location": "x"}})).await.0);
        }
        made.reverse();
        let plain = alpha.owner.get("/admin/sessions").await.expect(200);
        assert_eq!(ids(&plain), made);
        assert!(plain.headers.get("x-total-count").is_none());
        let first = &plain.json()[0];
        assert_eq!((&first["identity"], &first["devices"]), (&Value::Null, &Value::Null));
        let shown = alpha.owner.get("/iam/sessions?expand=IDENTITY").await.expect(200).json();
        assert_eq!(shown[0]["identity"]["id"], alpha.bob.as_str());
        assert_eq!(shown[0]["devices"], Value::Null);
        let (mut found, mut page) = (Vec::new(), "/iam/sessions?page_size=3".to_owned());
        while let reply = alpha.owner.get(&page).await.expect(200)
            && { found.extend(ids(&reply)); true }
            && let Some(token) = next_token(reply.header("link"))
        {
            assert!(reply.header("link").starts_with("</iam/sessions?page_size=3>; rel=\"first\",<"));
            page = format!("/iam/sessions?page_size=3&page_token={token}");
        }
        assert_eq!(found, made);
        alpha.owner.delete(&format!("/admin/sessions/{}", made[1])).await.expect(204);
        let active = alpha.owner.get("/admin/sessions?active=1").await.expect(200);
        assert_eq!(ids(&active).len(), 3);
        for (query, field) in [("expand=tokens", "expand"), ("active=maybe", "active"), ("page_size=ten", "page_size")] {
            let error = alpha.owner.get(&format!("/admin/sessions?{query}")).await;
            assert_eq!(error.refused(400, "invalid_request")["details"]["field"], field);
        }
        // A token is of its list, its filter and its tenant.
        let page = alpha.owner.get("/admin/sessions?page_size=1").await.expect(200);
        let token = next_token(page.header("link")).expect("there are more");
        for (tenant, path) in [
            (&house.twin, "/admin/sessions?page_size=1".to_owned()),
            (alpha, "/admin/sessions?page_size=1&active=true".to_owned()),
            (alpha, "/admin/identities?page_size=1".to_owned()),
            (alpha, format!("/admin/identities/{}/sessions?page_size=1", alpha.ada)),
        ] {
            let reply = tenant.owner.get(&format!("{path}&page_token={token}")).await;
            reply.refused(400, "invalid_page_token");
        }
    }

    async fn one_session_is_ended_idempotently_and_extended_while_it_counts(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let (id, token) = issue(alpha, &alpha.ada, json!({"lifespan_seconds": 60})).await;
        let path = format!("/admin/sessions/{id}");
        let before = alpha.owner.get(&path).await.expect(200).text("/expires_at");
        let extended = alpha.owner.patch(&format!("{path}/extend"), json!({})).await.expect(200);
        assert!(extended.text("/expires_at") > before);
        assert_eq!(
            alpha.owner.get(&path).await.expect(200).text("/expires_at"),
            extended.text("/expires_at")
        );
        for _ in 0..2 {
            alpha.owner.delete(&path).await.expect(204);
            whoami(&nobody, &token).await.refused(401, "session_inactive");
        }
        alpha.owner.patch(&format!("{path}/extend"), json!({})).await.refused(400, "invalid_request");
        for (method, path) in [
            (Method::GET, "/admin/sessions/{}"),
            (Method::DELETE, "/admin/sessions/{}"),
            (Method::PATCH, "/admin/sessions/{}/extend"),
        ] {
            let ask = |id: &str| send(alpha.owner.request(method.clone(), &path.replace("{}", id)));
            ask("x").await.refused(400, "invalid_id");
            ask(&random_id()).await.refused(404, "not_found");
            ask(&house.twin.ada_session).await.refused(404, "not_found");
        }
    }

    async fn the_audit_trail_names_whose_session_it_was(house: House) {
        let alpha = &house.alpha;
        let (id, token) = issue(alpha, &alpha.ada, json!({})).await;
        let (other, _) = issue(alpha, &alpha.ada, json!({})).await;
        let (listed, _) = issue(alpha, &alpha.ada, json!({})).await;
        alpha.owner.patch(&format!("/admin/sessions/{id}/extend"), json!({})).await.expect(200);
        let nobody = house.gateway.anonymous();
        let own = nobody.request(Method::DELETE, &format!("/sessions/{other}"));
        send(own.header("X-Session-Token", token)).await.expect(204);
        alpha.owner.delete(&format!("/admin/sessions/{id}")).await.expect(204);
        let bulk = json!({"action": "disable", "sessions": [listed]});
        alpha.owner.post("/admin/sessions", bulk).await.expect(200);
        let mut told = Vec::new();
        for session in [&id, &other, &listed] {
            for event in alpha.owner.all(&format!("/v1/audit-events?resource={session}")).await {
                assert_eq!(event["details"]["identity_id"], json!(alpha.ada), "{event}");
                told.push(event["action"].as_str().expect("an action").to_owned());
            }
        }
        told.sort();
        assert_eq!(told, [
            "identity:create_session", "identity:create_session", "identity:create_session", "session:disable",
            "session:disable_own", "session:extend", "session:manage",
        ]);
    }

    async fn what_a_session_says_when_it_is_issued_it_says_later(house: House) {
        let alpha = &house.alpha;
        // With more digits than the databases keep.
        let end = in_seconds(house.gateway, 30).await.replace('Z', ".123456789Z");
        let made = alpha
            .owner
            .post(&format!("/v1/users/{}/sessions", alpha.ada), json!({"expires_at": end}))
            .await
            .expect(201)
            .json();
        let kept = alpha.owner.all(&format!("/v1/users/{}/sessions", alpha.ada)).await;
        let kept = kept.iter().find(|session| session["id"] == made["id"]).expect("is there");
        for name in ["expires_at", "issued_at", "authenticated_at"] {
            assert_eq!(kept[name], made[name], "{name}");
        }
    }

    async fn many_sessions_are_ended_or_deleted_at_once(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let (one, token) = issue(alpha, &alpha.ada, json!({})).await;
        issue(alpha, &alpha.bob, json!({})).await;
        let manage = async |body: Value| {
            alpha.owner.post("/admin/sessions", body).await.expect(200).json()
        };
        let some = json!({"action": "disable", "sessions": [one, random_id(), house.twin.ada_session]});
        assert_eq!(manage(some.clone()).await, json!({"processed": 1, "more": false}));
        assert_eq!(manage(some).await, json!({"processed": 0, "more": false}));
        whoami(&nobody, &token).await.refused(401, "session_inactive");
        let of = json!({"action": "delete", "identities": [alpha.ada, house.twin.ada]});
        assert_eq!(manage(of).await, json!({"processed": 2, "more": false}));
        let all = json!({"action": "delete", "identities": ["*"]});
        assert_eq!(manage(all.clone()).await, json!({"processed": 1, "more": false}));
        assert_eq!(manage(all).await, json!({"processed": 0, "more": false}));
        for (body, field) in [
            (json!({"action": "end", "identities": ["*"]}), "action"),
            (json!({"action": "delete"}), "identities"),
            (json!({"action": "delete", "sessions": ["*"]}), "sessions"),
            (json!({"action": "delete", "identities": ["*", alpha.ada]}), "identities"),
            (json!({"action": "delete", "sessions": vec![random_id(); 501]}), "sessions"),
        ] {
            let error = alpha.owner.post("/admin/sessions", body).await;
            assert_eq!(error.refused(400, "invalid_request")["details"]["field"], field);
        }
        let editor = alpha.caller("editor").await;
        let body = json!({"action": "disable", "identities": ["*"]});
        editor.post("/iam/sessions", body).await.refused(403, "forbidden");
    }

    async fn somebody_sees_and_ends_their_own_other_sessions_and_no_one_elses(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        alpha.owner.delete(&format!("/admin/sessions/{}", alpha.ada_session)).await.expect(204);
        let (this, token) = issue(alpha, &alpha.ada, json!({})).await;
        let (one, one_token) = issue(alpha, &alpha.ada, json!({})).await;
        let (two, _) = issue(alpha, &alpha.ada, json!({})).await;
        let (bobs, bobs_token) = issue(alpha, &alpha.bob, json!({})).await;
        let own = async |method: Method, path: &str| {
            send(with_token(&nobody, method, path, &token)).await
        };
        let list = own(Method::GET, "/sessions").await.expect(200);
        assert_eq!(ids(&list), [two.clone(), one.clone()]);
        assert_eq!(list.header("x-total-count"), "2");
        assert!(list.json()[0]["identity"].get("metadata_admin").is_none());
        let page = own(Method::GET, "/sessions?page=1&per_page=1").await.expect(200);
        assert_eq!(ids(&page), std::slice::from_ref(&one));

        // Bob's and another tenant's are as one that is none.
        for id in [&bobs, &house.twin.ada_session, &random_id()] {
            own(Method::DELETE, &format!("/sessions/{id}")).await.refused(404, "not_found");
        }
        own(Method::DELETE, "/sessions/x").await.refused(400, "invalid_id");
        own(Method::DELETE, &format!("/sessions/{this}")).await.refused(400, "invalid_request");
        own(Method::DELETE, &format!("/sessions/{one}")).await.expect(204);
        whoami(&nobody, &one_token).await.refused(401, "session_inactive");
        let ended = own(Method::DELETE, "/sessions").await.expect(200);
        assert_eq!(ended.json(), json!({"count": 1}));
        assert!(ids(&own(Method::GET, "/sessions").await.expect(200)).is_empty());
        whoami(&nobody, &token).await.expect(200);
        whoami(&nobody, &bobs_token).await.expect(200);

        let events = alpha.owner.all(&format!("/v1/audit-events?actor={}", alpha.ada)).await;
        let actions: Vec<&str> = events.iter().filter_map(|event| event["action"].as_str()).collect();
        assert_eq!(actions, ["session:disable_others", "session:disable_own"]);
        assert_eq!(events[0]["actor"]["type"], "Identity");
        assert_eq!(events[0]["actor"]["name"], format!("session {this}"));
    }

    async fn a_policy_refuses_whoami_with_a_notice(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let (_, weak) = issue(alpha, &alpha.ada, json!({"authenticator_assurance_level": "aal1"})).await;
        let (_, strong) = issue(alpha, &alpha.ada, json!({"authenticator_assurance_level": "aal2"})).await;
        notices::put(&alpha.owner, "mfa", r#"@notice("sign in with a second factor")
            forbid(principal, action == Palisade::Action::"session:whoami", resource)
            unless { resource.aal == "aal2" };"#).await;
        let refused = whoami(&nobody, &weak).await.refused(403, "forbidden");
        assert_eq!(refused["error"]["notices"], json!(["sign in with a second factor"]));
        whoami(&nobody, &strong).await.expect(200);
        // Whatever a tenant permits, a session opens its own identity's sessions only.
        alpha.owner.put("/v1/policies/mfa", json!({"policy": "permit(principal, action, resource);"})).await.expect(200);
        whoami(&nobody, &weak).await.expect(200);
        for path in ["/admin/identities", "/v1/whoami", "/admin/sessions"] {
            let request = nobody
                .with_tenant(&alpha.id)
                .request(Method::GET, path)
                .header("Authorization", format!("Bearer {weak}"));
            send(request).await.refused(401, "unauthenticated");
        }
    }

    async fn who_may_issue_sessions_is_an_admin_at_least(house: House) {
        let alpha = &house.alpha;
        let path = format!("/v1/users/{}/sessions", alpha.ada);
        for (role, status) in [("admin", 201), ("editor", 403), ("viewer", 403), ("auditor", 403)] {
            let caller = alpha.caller(role).await;
            caller.post(&path, json!({})).await.expect(status);
        }
        let unknown = format!("/v1/users/{}/sessions", random_id());
        alpha.owner.post(&unknown, json!({})).await.refused(404, "not_found");
        for (body, field) in [
            (json!({"lifespan_seconds": 2_592_001}), "lifespan_seconds"),
            (json!({"expires_at": "2020-01-01T00:00:00Z"}), "expires_at"),
            (json!({"authentication_methods": [{"method": "magic"}]}), "authentication_methods[0].method"),
            (json!({"device": {"ip_address": "here"}}), "device.ip_address"),
        ] {
            let error = alpha.owner.post(&path, body).await;
            assert_eq!(error.refused(400, "invalid_request")["details"]["field"], field);
        }
        alpha.owner.post(&path, json!({"tenant_id": alpha.id})).await.refused(400, "unknown_field");
    }

    async fn v1_pages_through_a_users_sessions_and_deletes_them(house: House) {
        let alpha = &house.alpha;
        let mut made = vec![alpha.ada_session.clone()];
        for _ in 0..4 {
            made.push(issue(alpha, &alpha.ada, json!({})).await.0);
        }
        made.reverse();
        let path = format!("/v1/users/{}/sessions", alpha.ada);
        let found = alpha.owner.all(&format!("{path}?page_size=2")).await;
        let found: Vec<&str> = found.iter().filter_map(|session| session["id"].as_str()).collect();
        assert_eq!(found, made);
        assert_eq!(alpha.owner.all(&format!("{path}?active=false")).await.len(), 0);
        for query in ["page_size=0", "active=1", "expand=identity"] {
            alpha.owner.get(&format!("{path}?{query}")).await.refused(400, "invalid_request");
        }
        for _ in 0..2 {
            alpha.owner.delete(&path).await.expect(204);
        }
        assert!(alpha.owner.all(&path).await.is_empty());
        let unknown = format!("/v1/users/{}/sessions", random_id());
        alpha.owner.get(&unknown).await.refused(404, "not_found");
        alpha.owner.delete(&unknown).await.refused(404, "not_found");
    }

    async fn an_identity_is_shown_with_a_session_only_to_those_who_may_read_it(house: House) {
        let Tenant { owner, ada, ada_session, .. } = &house.alpha;
        notices::put(owner, "no-people", r#"
            @notice("people are not for this key")
            forbid(principal, action in [Palisade::Action::"identity:read", Palisade::Action::"identity:list"], resource);
        "#).await;
        for path in [
            "/admin/sessions?expand=identity".to_owned(),
            format!("/admin/sessions/{ada_session}?expand=identity"),
            format!("/admin/identities/{ada}/sessions"),
            format!("/iam/identities/{ada}/sessions"),
        ] {
            let body = owner.get(&path).await.refused(403, "forbidden");
            assert_eq!(body["notices"], json!(["people are not for this key"]), "{path}");
        }
        owner
            .patch(&format!("/admin/sessions/{ada_session}/extend"), json!(null))
            .await
            .refused(403, "forbidden");
        for path in ["/admin/sessions".to_owned(), format!("/admin/sessions/{ada_session}?expand=devices")] {
            owner.get(&path).await.expect(200);
        }
    }

    async fn a_page_beyond_any_number_is_past_the_end(house: House) {
        let Tenant { owner, ada, .. } = &house.alpha;
        for page in ["36893488147419104", "9223372036854775807", "18446744073709551615", "99999999999999999999999"] {
            let path = format!("/admin/identities/{ada}/sessions?page={page}");
            let reply = owner.get(&path).await;
            assert!(matches!(reply.status, 200 | 400), "{path}: {}", reply.status);
        }
    }
}

#[tokio::test]
async fn a_session_that_one_node_ends_does_not_count_at_the_other() {
    let one = Gateway::own(Db::Postgres, &[("sessions.cookie_name", "sid")]).await;
    let two = one.second_node();
    let tenant = Tenant::new(&one, "nodes").await;
    let (id, token) = issue(&tenant, &tenant.ada, json!({})).await;
    for _ in 0..3 {
        whoami(&two.anonymous(), &token).await.expect(200);
    }
    tenant
        .owner
        .delete(&format!("/admin/sessions/{id}"))
        .await
        .expect(204);
    whoami(&two.anonymous(), &token)
        .await
        .refused(401, "session_inactive");

    // The cookie has the name that its node is configured to.
    let (_, token) = issue(&tenant, &tenant.ada, json!({})).await;
    let with_cookie = |node: &Gateway, name: &str| {
        let request = node.anonymous().request(Method::GET, "/sessions/whoami");
        send(request.header("Cookie", format!("{name}={token}")))
    };
    with_cookie(&one, "sid").await.expect(200);
    with_cookie(&one, "ory_kratos_session").await.expect(401);
    with_cookie(&two, "ory_kratos_session").await.expect(200);
}

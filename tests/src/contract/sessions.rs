//! `/admin/sessions`

use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use super::{ids, reason};
use crate::{
    database::{connect, random_id},
    house::Tenant,
    isolation::next_token,
};

async fn issue(tenant: &Tenant, identity: &str, body: Value) -> String {
    let path = format!("/v1/users/{identity}/sessions");
    tenant.owner.post(&path, body).await.expect(201).text("/id")
}

on_both_databases! {
    async fn sessions_list_is_the_newest_first_with_first_and_next_until_the_end(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let mut made = vec![alpha.ada_session.clone()];
        for identity in [&alpha.bob, &alpha.ada] {
            made.push(issue(alpha, identity, json!({})).await);
        }
        made.reverse();
        let first = owner.get("/admin/sessions?page_size=2").await.expect(200);
        assert_eq!((ids(&first), first.header("x-total-count")), (made[..2].to_vec(), ""));
        assert!(first.header("link").starts_with("</admin/sessions?page_size=2>; rel=\"first\",</admin/sessions?page_size=2&page_token="));
        let token = next_token(first.header("link")).expect("another page");
        let last = owner.get(&format!("/admin/sessions?page_size=2&page_token={token}")).await.expect(200);
        assert_eq!(ids(&last), made[2..]);
        assert!(next_token(last.header("link")).is_none());
        let capped = owner.get("/admin/sessions?page_size=5000").await.expect(200);
        assert!(capped.header("link").contains("page_size=1000>"), "{}", capped.header("link"));
        assert!(owner.get("/admin/sessions").await.header("link").contains("page_size=250>"));
    }

    async fn sessions_list_refuses_a_token_that_is_none_and_a_page_size_that_is_no_number(house: House) {
        let owner = &house.alpha.owner;
        owner.get("/admin/sessions?page_token=x").await.refused(400, "invalid_page_token");
        owner.get("/admin/sessions?page_size=x").await.refused(400, "invalid_request");
    }

    async fn sessions_list_active_narrows_to_those_that_count(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let bobs = issue(alpha, &alpha.bob, json!({})).await;
        owner.delete(&format!("/admin/sessions/{}", alpha.ada_session)).await.expect(204);
        assert_eq!(ids(&owner.get("/admin/sessions?active=true").await.expect(200)), [bobs.as_str()]);
        assert_eq!(ids(&owner.get("/admin/sessions?active=false").await.expect(200)), [alpha.ada_session.as_str()]);
        let reply = owner.get("/admin/sessions?active=maybe").await;
        assert_eq!((reply.status, reason(&reply).as_str()), (400, "could not parse parameter active"));
    }

    async fn sessions_list_and_get_show_identity_and_devices_only_where_expanded_in_any_case(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let id = issue(alpha, &alpha.bob, json!({"device": {"location": "Oslo"}})).await;
        for path in ["/admin/sessions".to_owned(), format!("/admin/sessions/{id}")] {
            let shown = async |query: &str| {
                let body = owner.get(&format!("{path}{query}")).await.expect(200).json();
                let session = if body.is_array() { body[0].clone() } else { body };
                assert_eq!(session["id"], id.as_str());
                (!session["identity"].is_null(), !session["devices"].is_null())
            };
            assert_eq!(shown("").await, (false, false));
            assert_eq!(shown("?expand=identity").await, (true, false));
            assert_eq!(shown("?expand=DEVICES").await, (false, true));
            assert_eq!(shown("?expand=Identity&expand=devices").await, (true, true));
            let bad = owner.get(&format!("{path}?expand=x")).await;
            assert_eq!((bad.status, reason(&bad).as_str()), (400, "Could not parse expand option: x"));
        }
    }

    async fn sessions_get_is_400_for_a_bad_uuid_and_404_for_an_unknown_one(house: House) {
        let owner = &house.alpha.owner;
        owner.get("/admin/sessions/x").await.refused(400, "invalid_id");
        for id in [random_id(), house.twin.ada_session.clone()] {
            owner.get(&format!("/admin/sessions/{id}")).await.refused(404, "not_found");
        }
    }

    async fn sessions_get_has_the_members_of_a_session_in_orys_form(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let body = json!({"authentication_methods": [{"method": "password"}, {"method": "oidc", "provider": "corp"}],
            "device": {"ip_address": "198.51.100.7", "user_agent": "App", "location": "Oslo"}});
        let id = issue(alpha, &alpha.ada, body).await;
        let session = owner.get(&format!("/admin/sessions/{id}?expand=identity&expand=devices")).await.expect(200).json();
        assert_eq!((&session["id"], &session["active"]), (&json!(id), &json!(true)));
        for time in ["expires_at", "authenticated_at", "issued_at"] {
            assert!(session[time].as_str().is_some_and(|text| text.ends_with('Z')), "{time}: {session}");
        }
        assert!(session["authenticator_assurance_level"].as_str().is_some_and(|level| level.starts_with("aal")));
        let methods = session["authentication_methods"].as_array().expect("methods");
        assert_eq!((&methods[0]["method"], &methods[1]["provider"]), (&json!("password"), &json!("corp")));
        assert!(methods.iter().all(|one| one["aal"].is_string() && one["completed_at"].is_string()));
        let device = &session["devices"][0];
        assert!(device["id"].is_string());
        assert_eq!(
            (&device["ip_address"], &device["user_agent"], &device["location"]),
            (&json!("198.51.100.7"), &json!("App"), &json!("Oslo"))
        );
        assert_eq!(session.get("tokenized"), None);
        assert!(!session.to_string().contains("pst_"), "the token is in the answer to the POST only");
    }

    async fn sessions_delete_ends_it_keeps_the_row_and_is_204_again(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let path = format!("/admin/sessions/{}", alpha.ada_session);
        for _ in 0..2 {
            assert!(owner.delete(&path).await.expect(204).body.is_empty());
            assert_eq!(owner.get(&path).await.expect(200).json()["active"], false);
        }
        owner.delete("/admin/sessions/x").await.refused(400, "invalid_id");
        owner.delete(&format!("/admin/sessions/{}", random_id())).await.refused(404, "not_found");
    }

    async fn sessions_extend_is_200_with_the_session_and_404_for_an_unknown_one(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let id = issue(alpha, &alpha.bob, json!({"lifespan_seconds": 60})).await;
        let path = format!("/admin/sessions/{id}");
        let before = owner.get(&path).await.expect(200).text("/expires_at");
        let extended = owner.patch(&format!("{path}/extend"), json!({})).await.expect(200);
        assert_eq!(extended.text("/id"), id);
        assert!(extended.text("/expires_at") > before);
        owner.patch(&format!("/admin/sessions/{}/extend", random_id()), json!({})).await.refused(404, "not_found");
        owner.patch("/admin/sessions/x/extend", json!({})).await.refused(400, "invalid_id");
    }

    async fn sessions_bulk_disables_or_deletes_by_identity_by_session_or_all(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let bobs = issue(alpha, &alpha.bob, json!({})).await;
        let bulk = async |body: Value| owner.post("/admin/sessions", body).await;
        let one = bulk(json!({"action": "disable", "sessions": [bobs]})).await.expect(200).json();
        assert_eq!(one, json!({"processed": 1, "more": false}));
        assert_eq!(owner.get(&format!("/admin/sessions/{bobs}")).await.expect(200).json()["active"], false);
        bulk(json!({"action": "delete", "identities": [alpha.bob]})).await.expect(200);
        owner.get(&format!("/admin/sessions/{bobs}")).await.refused(404, "not_found");
        let all = bulk(json!({"action": "delete", "identities": ["*"]})).await.expect(200).json();
        assert_eq!(all, json!({"processed": 1, "more": false}));
        assert!(ids(&owner.get("/admin/sessions").await.expect(200)).is_empty());
    }

    async fn sessions_bulk_takes_either_identities_or_sessions_500_at_most(house: House) {
        let owner = &house.alpha.owner;
        let id = random_id();
        for body in [
            json!({"action": "delete"}),
            json!({"action": "delete", "identities": [id], "sessions": [id]}),
            json!({"action": "delete", "identities": []}),
            json!({"action": "delete", "identities": vec![random_id(); 501]}),
            json!({"action": "delete", "sessions": ["x"]}),
            json!({"action": "archive", "sessions": [id]}),
            json!({"sessions": [id]}),
        ] {
            assert_eq!(owner.post("/admin/sessions", body.clone()).await.status, 400, "{body}");
        }
        let most: Vec<String> = (0..500).map(|_| random_id()).collect();
        owner.post("/admin/sessions", json!({"action": "disable", "sessions": most})).await.expect(200);
    }

    async fn sessions_recovery_codes_and_links_are_not_served(house: House) {
        let body = json!({"identity_id": house.alpha.ada});
        for path in ["/admin/recovery/code", "/admin/recovery/link"] {
            house.alpha.owner.post(path, body.clone()).await.refused(404, "not_found");
        }
    }

    async fn sessions_bulk_says_more_while_there_are_more_than_a_thousand(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let database = house.gateway.database();
        let (id, random) = if database.starts_with("sqlite") {
            (format!("x'{}'", alpha.ada_session.replace('-', "")), "randomblob(16)")
        } else {
            (format!("'{}'", alpha.ada_session), "gen_random_uuid()")
        };
        // As many copies of Ada's session, faster than they are issued.
        let copies = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
             INSERT INTO sessions (tenant_id, id, identity_id, token_sha256, enabled, issued_at, authenticated_at, expires_at,
                aal, authentication_methods, devices)
             SELECT tenant_id, {random}, identity_id, token_sha256, enabled, issued_at, authenticated_at, expires_at,
                aal, authentication_methods, devices FROM sessions, n WHERE id = {id}"
        );
        connect(database).await.execute_unprepared(&copies).await.expect("are made");
        let everybody = async |action: &str| {
            owner.post("/admin/sessions", json!({"action": action, "identities": ["*"]})).await.expect(200).json()
        };
        for action in ["disable", "delete"] {
            assert_eq!(everybody(action).await, json!({"processed": 1_000, "more": true}), "{action}");
            assert_eq!(everybody(action).await, json!({"processed": 201, "more": false}), "{action}");
        }
        assert_eq!(everybody("delete").await, json!({"processed": 0, "more": false}));
    }
}

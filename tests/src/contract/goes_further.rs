//! Where Palisade goes further than Ory, or differs on purpose.

use reqwest::Method;
use serde_json::{Value, json};

use super::{created, ids, read, reason};
use crate::client::send;

on_both_databases! {
    async fn goes_further_everything_wants_a_key_and_happens_in_its_tenant(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        for path in ["/admin/identities", "/schemas", "/admin/sessions"] {
            nobody.get(path).await.refused(401, "unauthenticated");
            let theirs = house.twin.owner.get(path).await.expect(200);
            assert!(!theirs.body.contains(&alpha.ada), "{path}");
        }
        // What is unique is so in its tenant: the twin has an Ada of the same e-mail, external id and account.
        assert_eq!(read(&house.twin.owner, &house.twin.ada).await["external_id"], "ada");
        let bearer = nobody.request(Method::GET, "/admin/identities");
        send(bearer.header("Authorization", format!("Bearer {}", alpha.owner.key()))).await.expect(200);
    }

    async fn goes_further_admin_and_iam_are_one_and_link_and_location_repeat_the_mount(house: House) {
        let owner = &house.alpha.owner;
        let made = owner.post("/iam/identities", json!({"traits": {"email": "eve@example.test"}})).await.expect(201);
        assert_eq!(made.header("location"), format!("{}/iam/identities/{}", owner.base(), made.text("/id")));
        for mount in ["/admin", "/iam"] {
            let list = owner.get(&format!("{mount}/identities?page_size=1")).await.expect(200);
            assert!(list.header("link").split(',').all(|link| link.starts_with(&format!("<{mount}/identities?"))));
            owner.get(&format!("{mount}/identities/{}", made.text("/id"))).await.expect(200);
            let sessions = owner.get(&format!("{mount}/identities/{}/sessions", house.alpha.ada)).await.expect(200);
            assert!(sessions.header("link").starts_with(&format!("<{mount}/identities/")));
            owner.get(&format!("{mount}/sessions")).await.expect(200);
        }
    }

    async fn goes_further_one_listener_serves_schemas_and_sessions_without_a_redirect(house: House) {
        let client = crate::client::http().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        for (path, status) in [("/schemas", 200), ("/schemas/default", 200), ("/admin/identities", 200), ("/sessions/whoami", 401)] {
            let request = client.get(format!("{}{path}", house.alpha.owner.base()));
            let reply = send(request.header("X-API-Key", house.alpha.owner.key())).await;
            assert_eq!(reply.status, status, "{reply}");
        }
    }

    async fn goes_further_an_error_has_code_message_details_and_notices_beside_orys_envelope(house: House) {
        let viewer = house.alpha.caller("viewer").await;
        let reply = viewer.delete(&format!("/admin/identities/{}", house.alpha.ada)).await;
        let body = reply.refused(403, "forbidden");
        let notices = body["notices"].as_array().expect("notices");
        assert!(!notices.is_empty());
        assert_eq!(body["error"]["notices"], body["notices"]);
        assert_eq!(body["error"]["code"], 403);
        let bad = house.alpha.owner.get("/admin/identities?page_size=x").await.refused(400, "invalid_request");
        assert_eq!(bad["details"]["field"], "page_size");
        assert_eq!(bad["error"]["details"], bad["details"]);
        assert!(bad["message"].is_string());
    }

    async fn goes_further_a_409_names_the_fields_and_never_the_other_identity(house: House) {
        let owner = &house.alpha.owner;
        let mail = |extension: Value| json!({"schema": {"type": "object", "properties": {"traits": {"type": "object",
            "properties": {"mail": {"type": "string", "format": "email", "ory.sh/kratos": extension}}}}}});
        owner.put("/v1/schemas/verified", mail(json!({"verification": {"via": "email"}}))).await.expect(201);
        owner.put("/v1/schemas/recovered", mail(json!({"recovery": {"via": "email"}}))).await.expect(201);
        let of = |schema: &str| json!({"schema_id": schema, "traits": {"mail": "ada@example.test"}});
        for (body, field) in [
            (json!({"traits": {"email": "ada@example.test"}}), "credentials.password.identifiers"),
            (json!({"traits": {"email": "x@example.test"}, "external_id": "ada"}), "external_id"),
            (of("verified"), "verifiable_addresses"),
            (of("recovered"), "recovery_addresses"),
        ] {
            let reply = owner.post("/admin/identities", body).await;
            let conflicts = reply.refused(409, "conflict")["details"]["conflicts"].clone();
            assert!(conflicts.as_array().expect("fields").contains(&json!({"field": field})), "{field}: {reply}");
            assert!(!reply.body.contains(&house.alpha.ada));
        }
    }

    async fn goes_further_etag_if_match_and_if_none_match(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.ada));
        let tag = owner.get(&path).await.expect(200).header("etag").to_owned();
        let with = |method: Method, name: &str, tag: &str, body: Value| {
            let request = owner.request(method, &path).header(name, tag);
            send(request.json(&body))
        };
        send(owner.request(Method::GET, &path).header("If-None-Match", &tag)).await.expect(304);
        let put = json!({"traits": {"email": "ada@example.test"}});
        let put_once = with(Method::PUT, "If-Match", &tag, put.clone()).await.expect(200);
        assert_ne!(put_once.header("etag"), tag);
        with(Method::PUT, "If-Match", &tag, put).await.refused(412, "stale_resource");
        let patch = json!([{"op": "add", "path": "/metadata_public", "value": 1}]);
        with(Method::PATCH, "If-Match", &tag, patch.clone()).await.refused(412, "stale_resource");
        let patched = with(Method::PATCH, "If-Match", put_once.header("etag"), patch).await.expect(200);
        with(Method::DELETE, "If-Match", &tag, json!(null)).await.refused(412, "stale_resource");
        with(Method::DELETE, "If-Match", patched.header("etag"), json!(null)).await.expect(204);
        let made = created(owner, json!({"traits": {"email": "eve@example.test"}})).await;
        assert!(!made.header("etag").is_empty());
    }

    async fn goes_further_a_malformed_uuid_on_session_routes_is_400(house: House) {
        let owner = &house.alpha.owner;
        for (method, path) in [
            (Method::GET, "/admin/identities/x/sessions"),
            (Method::DELETE, "/admin/identities/x/sessions"),
            (Method::GET, "/admin/sessions/x"),
            (Method::DELETE, "/admin/sessions/x"),
            (Method::PATCH, "/admin/sessions/x/extend"),
        ] {
            send(owner.request(method, path)).await.refused(400, "invalid_id");
        }
    }

    async fn goes_further_a_batch_deletes_by_id(house: House) {
        let (owner, bob) = (&house.alpha.owner, &house.alpha.bob);
        let items = json!({"identities": [{"delete": bob}, {"create": {"traits": {"email": "bob@example.test"}}}]});
        let reply = owner.patch("/admin/identities", items).await.expect(200).json();
        assert_eq!(reply["identities"][0], json!({"action": "delete", "identity": bob}));
        assert_eq!(reply["identities"][1]["action"], "create", "what is freed is free behind it");
        owner.get(&format!("/admin/identities/{bob}")).await.refused(404, "not_found");
    }

    async fn goes_further_schemas_are_written_per_tenant_and_one_in_use_stays(house: House) {
        let owner = &house.alpha.owner;
        let schema = json!({"id": "own", "schema": crate::house::customer_schema()});
        owner.post("/v1/schemas", schema).await.expect(201);
        house.twin.owner.get("/schemas/own").await.refused(404, "not_found");
        let id = created(owner, json!({"schema_id": "own", "traits": {"nick": "n"}})).await.text("/id");
        owner.delete("/v1/schemas/own").await.refused(409, "in_use");
        let stricter = json!({"schema": {"type": "object", "properties": {"traits": {"type": "object", "required": ["badge"]}}}});
        let impact = owner.put("/v1/schemas/own?dry_run=true", stricter).await.expect(200).json();
        assert_eq!((&impact["failing"], &impact["sample"][0]["id"]), (&json!(1), &json!(id)));
        owner.delete(&format!("/admin/identities/{id}")).await.expect(204);
        owner.delete("/v1/schemas/own").await.expect(204);
    }

    async fn goes_further_json_patch_of_credentials_is_refused_whole(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.ada));
        for place in ["/credentials", "/credentials/password/config/hashed_password", "/credentials/password/identifiers/0", "/credentials/oidc"] {
            for operation in ["add", "replace", "remove", "test"] {
                let reply = owner.patch(&path, json!([{"op": operation, "path": place, "value": "x"}])).await;
                reply.refused(400, "invalid_patch");
                assert_eq!(reason(&reply), "failed to apply JSON patch");
            }
        }
    }

    async fn goes_further_json_patch_has_caps_on_operations_and_result(house: House) {
        let (owner, path) = (&house.alpha.owner, format!("/admin/identities/{}", house.alpha.ada));
        let test = json!({"op": "test", "path": "/state", "value": "active"});
        owner.patch(&path, json!(vec![test.clone(); 100])).await.expect(200);
        owner.patch(&path, json!(vec![test; 101])).await.refused(400, "invalid_patch");
        let mut operations = vec![json!({"op": "add", "path": "/metadata_admin", "value": {"a": "x".repeat(1_000)}})];
        operations.extend((0..20).map(|n| json!({"op": "copy", "from": "/metadata_admin", "path": format!("/metadata_admin/b{n}")})));
        owner.patch(&path, json!(operations)).await.refused(413, "body_too_large");
    }

    async fn goes_further_hashes_are_shown_to_who_may_reveal_and_refused_with_a_notice(house: House) {
        let alpha = &house.alpha;
        let body = json!({"traits": {"email": "eve@example.test"}, "credentials": {"password": {"config": {"password": "correct horse"}}}});
        let id = created(&alpha.owner, body).await.text("/id");
        for path in [format!("/admin/identities/{id}?include_credential=password"), "/admin/identities?include_credential=password".to_owned()] {
            assert!(alpha.owner.get(&path).await.expect(200).body.contains("$argon2id$"));
            for role in ["admin", "editor", "viewer"] {
                let reply = alpha.caller(role).await.get(&path).await;
                let refused = reply.refused(403, "forbidden");
                assert!(!refused["notices"].as_array().expect("notices").is_empty());
                assert!(!reply.body.contains("argon2"));
            }
        }
    }

    async fn goes_further_palisade_consistency_says_which_read_served(house: House) {
        let owner = &house.alpha.owner;
        for query in ["", "?consistency=strong", "?consistency=eventual"] {
            let reply = owner.get(&format!("/admin/identities{query}")).await.expect(200);
            assert_eq!(reply.header("palisade-consistency"), "strong", "there is no replica here");
        }
    }

    async fn goes_further_deleting_a_password_keeps_its_identifiers_taken(house: House) {
        let owner = &house.alpha.owner;
        let id = created(owner, json!({"traits": {"email": "eve@example.test"}, "credentials": {
            "password": {"config": {"password": "correct horse"}},
            "oidc": {"config": {"providers": [{"provider": "corp", "subject": "sub-eve"}]}},
        }})).await.text("/id");
        owner.delete(&format!("/admin/identities/{id}/credentials/password")).await.expect(204);
        assert_eq!(read(owner, &id).await["credentials"]["password"]["identifiers"], json!(["eve@example.test"]));
        owner.post("/admin/identities", json!({"traits": {"email": "eve@example.test"}})).await.refused(409, "conflict");
    }

    async fn goes_further_sessions_are_issued_on_v1_and_checked_by_header_bearer_or_cookie(house: House) {
        let (alpha, nobody) = (&house.alpha, house.gateway.anonymous());
        let issued = alpha.owner.post(&format!("/v1/users/{}/sessions", alpha.bob), json!({})).await.expect(201);
        let token = issued.text("/token");
        for (name, value) in [
            ("X-Session-Token", token.clone()),
            ("Authorization", format!("Bearer {token}")),
            ("Cookie", format!("ory_kratos_session={token}")),
        ] {
            let reply = send(nobody.request(Method::GET, "/sessions/whoami").header(name, value)).await.expect(200);
            assert_eq!(reply.text("/identity/id"), alpha.bob);
        }
        // A key is told what is wanted; whether it is a good one makes no difference.
        for key in [alpha.owner.key(), "pal_nonsense"] {
            for name in ["X-API-Key", "X-Session-Token"] {
                let reply = send(nobody.request(Method::GET, "/sessions/whoami").header(name, key)).await;
                let refused = reply.refused(401, "session_inactive");
                assert!(refused["message"].as_str().expect("a message").contains("API key"), "{reply}");
            }
        }
    }

    async fn goes_further_ids_are_all_answered_in_one_page(house: House) {
        let owner = &house.alpha.owner;
        let items: Vec<Value> = (0..298).map(|n| json!({"create": {"schema_id": "customer", "traits": {"nick": n.to_string()}}})).collect();
        owner.patch("/admin/identities", json!({"identities": items})).await.expect(200);
        let all = ids(&owner.get("/admin/identities?page_size=500").await.expect(200));
        assert_eq!(all.len(), 300);
        let page = owner.get("/admin/identities").await.expect(200);
        assert_eq!(ids(&page), all[..250], "a page by default");
        let query: Vec<String> = all.iter().map(|id| format!("ids={id}")).collect();
        let found = owner.get(&format!("/admin/identities?{}", query.join("&"))).await.expect(200);
        assert_eq!(ids(&found), all, "more than a page has by default");
        assert!(!found.header("link").contains("next"));
    }
}

//! What one tenant holds and another asks for: links, caches, unique values, page tokens.

use serde_json::{Value, json};

use super::{next_token, without_request};
use crate::{database::random_id, house::Tenant};

fn eve() -> Value {
    json!({"schema_id": "default", "traits": {"email": "eve@example.test"}, "external_id": "eve"})
}

on_both_databases! {
    async fn abuse_03_a_link_is_reached_through_its_own_user_only(house: House) {
        let (alpha, twin) = (&house.alpha, &house.twin);
        let before = alpha.rows().await;
        let absent = alpha
            .owner
            .delete(&format!(
                "/v1/users/{}/identities/{}",
                alpha.ada,
                random_id()
            ))
            .await;
        for (user, link) in [
            (&alpha.ada, &alpha.bob_link),
            (&alpha.ada, &twin.ada_link),
            (&twin.ada, &twin.ada_link),
            (&twin.ada, &alpha.ada_link),
            (&random_id(), &alpha.ada_link),
        ] {
            let reply = alpha
                .owner
                .delete(&format!("/v1/users/{user}/identities/{link}?force=true"))
                .await;
            assert_eq!(
                without_request(&reply.json()),
                without_request(&absent.json()),
                "{reply}"
            );
            reply.refused(404, "not_found");
        }
        let link = json!({"identity_provider_id": twin.provider, "external_id": "sub-x"});
        let reply = alpha
            .owner
            .post(&format!("/v1/users/{}/identities", alpha.ada), link)
            .await;
        assert!(
            [400, 404].contains(&reply.status),
            "another tenant's provider is none here: {reply}"
        );
        assert_eq!(alpha.rows().await, before);
    }

    async fn abuse_05_what_is_cached_for_one_tenant_does_not_answer_another(house: House) {
        let (alpha, twin) = (&house.alpha, &house.twin);
        // The same names with other content: a policy `gate` and a schema `shape`.
        let (open, closed) = (
            r#"permit(principal in Palisade::Role::"viewer", action == Palisade::Action::"identity:delete", resource);"#,
            r#"forbid(principal, action == Palisade::Action::"identity:update", resource);"#,
        );
        let shape = |kind: &str| {
            json!({"schema": {"type": "object", "properties": {"traits": {
                "type": "object", "properties": {"value": {"type": kind}},
            }}}})
        };
        alpha
            .owner
            .put("/v1/policies/gate", json!({"policy": closed}))
            .await
            .expect(201);
        alpha
            .owner
            .put("/v1/schemas/shape", shape("string"))
            .await
            .expect(201);
        let other = Tenant::new(house.gateway, "other").await;
        other
            .owner
            .put("/v1/policies/gate", json!({"policy": open}))
            .await
            .expect(201);
        other
            .owner
            .put("/v1/schemas/shape", shape("number"))
            .await
            .expect(201);
        let viewer = other.caller("viewer").await;

        for _ in 0..3 {
            let patch = json!([{"op": "replace", "path": "/state", "value": "active"}]);
            alpha
                .owner
                .patch(&format!("/admin/identities/{}", alpha.ada), patch.clone())
                .await
                .refused(403, "forbidden");
            other
                .owner
                .patch(&format!("/admin/identities/{}", other.ada), patch.clone())
                .await
                .expect(200);
            twin.owner.get("/admin/identities").await.expect(200);
            let text = json!({"schema_id": "shape", "traits": {"value": "text"}});
            let number = json!({"schema_id": "shape", "traits": {"value": 7}});
            alpha
                .owner
                .post("/admin/identities", text.clone())
                .await
                .expect(201);
            alpha
                .owner
                .post("/admin/identities", number.clone())
                .await
                .refused(400, "schema_violation");
            other
                .owner
                .post("/admin/identities", number)
                .await
                .expect(201);
            other
                .owner
                .post("/admin/identities", text)
                .await
                .refused(400, "schema_violation");
            viewer
                .delete(&format!("/admin/identities/{}", random_id()))
                .await
                .refused(404, "not_found");
            let alphas = alpha.caller("viewer").await;
            alphas
                .delete(&format!("/admin/identities/{}", random_id()))
                .await
                .refused(403, "forbidden");
        }
    }

    async fn abuse_06_what_another_tenant_holds_is_free_here_and_what_is_taken_here_is_named_by_field(
        house: House,
    ) {
        let other = Tenant::new(house.gateway, "other").await;
        other
            .owner
            .post("/admin/identities", eve())
            .await
            .expect(201);
        house
            .alpha
            .owner
            .post("/admin/identities", eve())
            .await
            .expect(201);

        let fields = async |body: Value| -> Vec<String> {
            let error = house
                .alpha
                .owner
                .post("/admin/identities", body)
                .await
                .refused(409, "conflict");
            for told in [&house.alpha.ada, &house.alpha.bob] {
                assert!(
                    !error.to_string().contains(told.as_str()),
                    "names the other holder: {error}"
                );
            }
            let conflicts = error["details"]["conflicts"]
                .as_array()
                .expect("conflicts")
                .clone();
            conflicts
                .iter()
                .map(|conflict| conflict["field"].as_str().expect("a field").to_owned())
                .collect()
        };
        let by_identifier =
            fields(json!({"schema_id": "default", "traits": {"email": "EVE@example.test"}})).await;
        assert!(!by_identifier.is_empty());
        assert!(
            by_identifier
                .iter()
                .all(|field| field.starts_with("credentials.") || field.ends_with("_addresses")),
            "{by_identifier:?}"
        );
        let by_external_id = json!({"schema_id": "default", "traits": {"email": "new@example.test"}, "external_id": "eve"});
        assert_eq!(fields(by_external_id).await, ["external_id"]);
    }

    async fn abuse_07_every_collection_pages_and_its_tokens_are_good_for_it_only(house: House) {
        let (alpha, twin) = (&house.alpha, &house.twin);
        let links = format!("/v1/users/{}/identities", alpha.ada);
        for number in 0..3 {
            let name = format!("page-{number}");
            let provider = json!({"name": name, "type": "saml"});
            let provider = alpha.owner.post("/v1/identity-providers", provider).await.expect(201);
            let link = json!({"identity_provider_id": provider.text("/id"), "external_id": name});
            alpha.owner.post(&links, link).await.expect(201);
            alpha.caller("viewer").await;
            let schema = json!({"schema": crate::house::customer_schema()});
            alpha.owner.put(&format!("/v1/schemas/{name}"), schema).await.expect(201);
            let policy = json!({"policy": "permit(principal, action, resource) when { false };"});
            alpha.owner.put(&format!("/v1/policies/{name}"), policy).await.expect(201);
        }
        let other_links = format!("/v1/users/{}/identities", alpha.bob);
        let collections = [
            "/v1/identity-providers",
            "/v1/api-keys",
            "/v1/policies",
            "/v1/schemas",
            "/v1/users",
            "/v1/audit-events",
            links.as_str(),
        ];
        let mut tokens = Vec::new();
        for path in collections {
            // Created by the key and link requests above: reads leave no audit event, so that lists stand still.
            let whole = alpha.owner.all(&format!("{path}?page_size=500")).await;
            assert_eq!(alpha.owner.all(&format!("{path}?page_size=1")).await, whole, "{path}");
            assert!(whole.len() >= 2, "{path}");
            let first = alpha.owner.get(&format!("{path}?page_size=1")).await.expect(200);
            let token = first.text("/next_page_token");
            assert_eq!(next_token(first.header("link")).as_deref(), Some(token.as_str()));
            for size in ["0", "501", "x"] {
                let reply = alpha.owner.get(&format!("{path}?page_size={size}")).await;
                reply.refused(400, "invalid_request");
            }
            tokens.push((path, token));
        }
        for (of, token) in &tokens {
            for path in collections.iter().chain([&other_links.as_str()]) {
                let reply = alpha.owner.get(&format!("{path}?page_token={token}")).await;
                if path == of {
                    reply.expect(200);
                } else {
                    reply.refused(400, "invalid_page_token");
                }
            }
            let reply = twin.owner.get(&format!("{of}?page_token={token}")).await;
            if *of == links {
                reply.refused(404, "not_found");
            } else {
                reply.refused(400, "invalid_page_token");
            }
        }
    }

    async fn users_are_narrowed_to_those_of_a_provider(house: House) {
        let alpha = &house.alpha;
        let person = json!({"traits": {"email": "solo@example.test"}});
        alpha.owner.post("/admin/identities", person).await.expect(201);
        let of = async |provider: &str| {
            let users = alpha.owner.all(&format!("/v1/users?provider={provider}&page_size=1")).await;
            let mut ids: Vec<_> = users.iter().map(|user| user["id"].to_string()).collect();
            ids.sort_unstable();
            ids
        };
        let mut expected = vec![format!("\"{}\"", alpha.ada), format!("\"{}\"", alpha.bob)];
        expected.sort_unstable();
        assert_eq!(of("corp").await, expected);
        assert_eq!(of(&alpha.provider).await, expected);
        assert!(of("nowhere").await.is_empty());
        assert!(of(&house.twin.provider).await.is_empty());
        alpha.owner.get("/v1/users?group=x").await.refused(400, "invalid_request");
    }

    async fn abuse_07_a_page_token_is_good_for_its_tenant_filter_and_surface_only(house: House) {
        let (alpha, twin) = (&house.alpha, &house.twin);
        let page = "/admin/identities?page_size=1";
        let token = next_token(alpha.owner.get(page).await.expect(200).header("link"))
            .expect("there are two");
        alpha
            .owner
            .get(&format!("{page}&page_token={token}"))
            .await
            .expect(200);

        let refused = async |tenant: &Tenant, path: String| {
            tenant
                .owner
                .get(&path)
                .await
                .refused(400, "invalid_page_token");
        };
        refused(twin, format!("{page}&page_token={token}")).await;
        refused(alpha, format!("{page}&state=active&page_token={token}")).await;
        refused(
            alpha,
            format!("/v1/audit-events?page_size=1&page_token={token}"),
        )
        .await;
        for wrong in [
            alpha.ada.as_str(),
            "00000000-0000-0000-0000-000000000001",
            "x",
            "%00",
            "AAAA",
        ] {
            refused(alpha, format!("{page}&page_token={wrong}")).await;
        }
        // Every character counts.
        for place in (0..token.len()).step_by(3) {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            if changed != token {
                refused(alpha, format!("{page}&page_token={changed}")).await;
            }
            refused(
                alpha,
                format!("{page}&page_token={}", &token[..place.max(1)]),
            )
            .await;
        }
    }
}

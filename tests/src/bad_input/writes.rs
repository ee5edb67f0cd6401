//! Writes that would reach too far, grow too large, or overwrite what was not seen.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{identity, names};
use crate::client::send;

on_both_databases! {
    async fn abuse_04_who_one_is_and_whose_cannot_be_written(house: House) {
        let (alpha, twin) = (&house.alpha, &house.twin);
        let path = format!("/admin/identities/{}", alpha.ada);
        let before = alpha.owner.get(&path).await.expect(200).json();
        let mine = json!({"email": "ada@example.test", "name": {"first": "ada"}});

        for field in [
            "id",
            "tenant_id",
            "created_at",
            "updated_at",
            "schema_url",
            "state_changed_at",
            "user_id",
            "linked_by",
        ] {
            let mut body = identity(json!({"email": "eve@example.test"}));
            body[field] = json!(twin.id);
            let reply = alpha.owner.post("/admin/identities", body).await;
            names(&reply, field);
            reply.refused(400, "unknown_field");
        }

        // PUT takes no notice of fields that it does not know, as at Ory.
        let put = json!({
            "schema_id": "default", "state": "active", "traits": mine, "external_id": "ada", "metadata_admin": {"seat": 1},
            "id": twin.ada, "tenant_id": twin.id, "created_at": "2001-01-01T00:00:00Z", "organization_id": twin.id,
        });
        let after = alpha.owner.put(&path, put).await.expect(200).json();
        for kept in [
            "id",
            "created_at",
            "organization_id",
            "traits",
            "external_id",
            "schema_url",
        ] {
            assert_eq!(after[kept], before[kept], "{kept}");
        }

        let written = alpha.owner.get(&path).await.expect(200).json();
        for target in [
            "/id",
            "/tenant_id",
            "/created_at",
            "/updated_at",
            "/schema_url",
            "/state_changed_at",
            "/stateChangedAt",
            "/credentials",
            "/credentials/password/config/hashed_password",
            "/ID",
            "/~01id/../id",
        ] {
            for operation in [
                json!({"op": "replace", "path": target, "value": twin.id}),
                json!({"op": "add", "path": target, "value": twin.id}),
                json!({"op": "remove", "path": target}),
                json!({"op": "copy", "path": target, "from": "/external_id"}),
                json!({"op": "move", "path": target, "from": "/external_id"}),
            ] {
                let reply = alpha.owner.patch(&path, json!([operation])).await;
                assert_eq!(reply.status, 400, "{operation}: {reply}");
            }
        }
        // Neither by way of the parent.
        let whole =
            json!([{"op": "replace", "path": "", "value": {"id": twin.ada, "tenant_id": twin.id}}]);
        alpha.owner.patch(&path, whole).await.expect(400);
        assert_eq!(alpha.owner.get(&path).await.expect(200).json(), written);

        let link = json!({"identity_provider_id": alpha.provider, "external_id": "sub-new", "user_id": alpha.bob});
        alpha
            .owner
            .post(&format!("/v1/users/{}/identities", alpha.ada), link)
            .await
            .refused(400, "unknown_field");
        for field in ["id", "tenant_id", "created_at", "linked_by"] {
            let mut link =
                json!({"identity_provider_id": alpha.provider, "external_id": "sub-new"});
            link[field] = json!("auto");
            alpha
                .owner
                .post(&format!("/v1/users/{}/identities", alpha.ada), link)
                .await
                .refused(400, "unknown_field");
            let provider = format!("/v1/identity-providers/{}", alpha.provider);
            alpha
                .owner
                .patch(&provider, json!({field: twin.id}))
                .await
                .refused(400, "unknown_field");
        }
    }

    async fn abuse_50_a_small_patch_cannot_grow_an_identity_beyond_bounds(house: House) {
        let path = format!("/admin/identities/{}", house.alpha.ada);
        let before = house.alpha.owner.get(&path).await.expect(200).json();
        let mut operations = vec![
            json!({"op": "add", "path": "/metadata_admin", "value": {"a": "xxxxxxxxxxxxxxxxxxxxxxxx"}}),
        ];
        for number in 0..20 {
            operations.push(json!({"op": "copy", "from": "/metadata_admin", "path": format!("/metadata_admin/b{number}")}));
        }
        let start = Instant::now();
        let reply = house
            .alpha
            .owner
            .patch(&path, Value::Array(operations))
            .await;
        assert!([400, 413, 422].contains(&reply.status), "{reply}");
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "took {:?}",
            start.elapsed()
        );
        assert!(reply.body.len() < 4_096, "the refusal is large itself");
        let operation = json!({"op": "test", "path": "/state", "value": "active"});
        let reply = house
            .alpha
            .owner
            .patch(&path, Value::Array(vec![operation; 101]))
            .await;
        assert!([400, 413, 422].contains(&reply.status), "{reply}");
        names(&reply, "100");
        assert_eq!(
            house.alpha.owner.get(&path).await.expect(200).json(),
            before
        );
    }

    async fn writes_without_an_etag_are_done_again_and_never_called_stale(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        let path = format!("/admin/identities/{ada}");
        let patches = (0..12).map(|n| {
            let patch = json!([{"op": "add", "path": "/metadata_public", "value": n}]);
            owner.patch(&path, patch)
        });
        let mut done = 0;
        for reply in futures_util::future::join_all(patches).await {
            match reply.status {
                200 => done += 1,
                _ => drop(reply.refused(409, "conflict")),
            }
        }
        assert!(done >= 8, "only {done} of 12 got through");
    }

    async fn native_resources_take_lists_of_entity_tags_and_any(house: House) {
        let owner = &house.alpha.owner;
        let with = |method: Method, path: &str, tags: &str, body: Value| {
            let request = owner.request(method, path).header("If-Match", tags);
            send(request.json(&body))
        };
        let policy = json!({"policy": "permit(principal, action, resource) when { false };"});
        // What is absent has no tag, not even any.
        with(Method::PUT, "/v1/policies/new", "*", policy.clone())
            .await
            .refused(412, "stale_resource");
        owner.put("/v1/policies/new", policy.clone()).await.expect(201);
        let schema = json!({"schema": crate::house::customer_schema()});
        let provider = format!("/v1/identity-providers/{}", house.alpha.provider);
        for (method, path, body) in [
            (Method::PUT, "/v1/policies/new", policy),
            (Method::PUT, "/v1/schemas/customer", schema),
            (Method::PATCH, provider.as_str(), json!({"enabled": true})),
        ] {
            let tag = owner.get(path).await.expect(200).header("etag").to_owned();
            let put = |tags: String| with(method.clone(), path, &tags, body.clone());
            put("\"77\", \"78\"".into()).await.refused(412, "stale_resource");
            put(format!("W/{tag}")).await.refused(412, "stale_resource");
            put("77".into()).await.refused(400, "invalid_header");
            put(format!("\"77\", {tag}")).await.expect(200);
            put(tag).await.refused(412, "stale_resource");
            put("*".into()).await.expect(200);
        }
        with(Method::DELETE, "/v1/policies/new", "\"1\"", json!({}))
            .await
            .refused(412, "stale_resource");
        with(Method::DELETE, "/v1/policies/new", "\"1\", \"3\"", json!({}))
            .await
            .expect(204);
        with(Method::DELETE, "/v1/policies/new", "*", json!({}))
            .await
            .refused(404, "not_found");
        let (tenant, _) = house.gateway.new_tenant("tagged").await;
        let operator = house.gateway.operator();
        let suspend = |tags: &str| {
            let path = format!("/v1/tenants/{tenant}/suspend");
            send(operator.request(Method::POST, &path).header("If-Match", tags))
        };
        suspend("\"9\"").await.refused(412, "stale_resource");
        suspend("\"9\", \"1\"").await.expect(200);
    }

    async fn abuse_57_of_two_writes_with_one_etag_one_is_stale(house: House) {
        let path = format!("/admin/identities/{}", house.alpha.ada);
        for round in 0..10 {
            let tag = house
                .alpha
                .owner
                .get(&path)
                .await
                .expect(200)
                .header("etag")
                .to_owned();
            assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
            let put = |seat: i32| {
                let body = json!({
                    "schema_id": "default",
                    "state": "active",
                    "traits": {"email": "ada@example.test"},
                    "metadata_admin": {"round": round, "seat": seat},
                });
                send(
                    house
                        .alpha
                        .owner
                        .request(Method::PUT, &path)
                        .header("If-Match", &tag)
                        .json(&body),
                )
            };
            let (one, two) = tokio::join!(put(1), put(2));
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412], "{one} / {two}");
            let (won, lost) = if one.status == 200 {
                (one, two)
            } else {
                (two, one)
            };
            lost.refused(412, "stale_resource");
            let kept = house.alpha.owner.get(&path).await.expect(200);
            assert_eq!(kept.json()["metadata_admin"], won.json()["metadata_admin"]);
            assert_eq!(kept.header("etag"), won.header("etag"));
        }
        let stale = |method: Method, body: Value| {
            send(
                house
                    .alpha
                    .owner
                    .request(method, &path)
                    .header("If-Match", "\"1\"")
                    .json(&body),
            )
        };
        stale(
            Method::PATCH,
            json!([{"op": "remove", "path": "/metadata_admin"}]),
        )
        .await
        .refused(412, "stale_resource");
        stale(Method::DELETE, json!(null))
            .await
            .refused(412, "stale_resource");
        send(
            house
                .alpha
                .owner
                .request(Method::DELETE, &path)
                .header("If-Match", "nonsense"),
        )
        .await
        .refused(400, "invalid_header");
        let current = house.alpha.owner.get(&path).await.expect(200);
        let unchanged = house
            .alpha
            .owner
            .request(Method::GET, &path)
            .header("If-None-Match", current.header("etag"));
        let unchanged = send(unchanged).await.expect(304);
        assert!(unchanged.body.is_empty());
    }
}

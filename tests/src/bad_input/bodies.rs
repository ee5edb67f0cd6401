//! Bodies: broken, of the wrong type, with unknown fields, too large, too deep.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Caller, Reply, send},
    house::Tenant,
};

/// A body as it is, JSON or not.
async fn raw(caller: &Caller, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Reply {
    send(
        caller
            .request(method, path)
            .header("Content-Type", "application/json")
            .body(body),
    )
    .await
}

/// Every operation that reads a body, with a path that leads somewhere.
fn writes(tenant: &Tenant) -> Vec<(Method, String)> {
    let Tenant { ada, provider, .. } = tenant;
    vec![
        (Method::POST, "/admin/identities".to_owned()),
        (Method::PUT, format!("/admin/identities/{ada}")),
        (Method::PATCH, format!("/admin/identities/{ada}")),
        (Method::POST, "/iam/identities".to_owned()),
        (Method::POST, format!("/v1/users/{ada}/identities")),
        (Method::POST, "/v1/identity-providers".to_owned()),
        (Method::PATCH, format!("/v1/identity-providers/{provider}")),
        (Method::PUT, "/v1/schemas/new".to_owned()),
        (Method::PUT, "/v1/policies/new".to_owned()),
        (Method::POST, "/v1/policies/validate".to_owned()),
        (Method::POST, "/v1/api-keys".to_owned()),
    ]
}

on_both_databases! {
    async fn broken_json_is_refused_by_every_operation_that_reads_a_body(house: House) {
        let before = house.alpha.rows().await;
        for (method, path) in writes(&house.alpha) {
            for body in [
                "{",
                "{\"a\":",
                "nope",
                "\u{0}",
                "{\"a\": 1} {\"b\": 2}",
                "'single'",
                "{\"schema\": NaN}",
                "",
            ] {
                let reply = raw(&house.alpha.owner, method.clone(), &path, body).await;
                assert!([400, 415].contains(&reply.status), "{body:?}: {reply}");
                reply.json();
            }
            for body in ["[1,2]", "7", "\"text\"", "null", "true"] {
                let reply = raw(&house.alpha.owner, method.clone(), &path, body).await;
                assert_eq!(reply.status, 400, "{body:?}: {reply}");
            }
            // Not UTF-8.
            let reply = raw(
                &house.alpha.owner,
                method.clone(),
                &path,
                b"{\"name\": \"\xff\xfe\"}".to_vec(),
            )
            .await;
            assert_eq!(reply.status, 400, "{reply}");
        }
        assert_eq!(house.alpha.rows().await, before);
    }

    async fn bodies_are_limited_to_five_mebibytes_on_admin_and_one_elsewhere(house: House) {
        let Tenant { owner, ada, .. } = &house.alpha;
        let before = house.alpha.rows().await;
        let mib = 1024 * 1024;
        let padded = |value: Value, to: usize| {
            let mut text = value.to_string();
            text.push_str(&" ".repeat(to.saturating_sub(text.len())));
            text
        };
        let create = json!({"traits": {"email": "large@example.test"}});
        raw(
            owner,
            Method::POST,
            "/admin/identities",
            padded(create.clone(), 5 * mib + 1),
        )
        .await
        .refused(413, "body_too_large");
        let patch = json!([{"op": "test", "path": "/state", "value": "active"}]);
        raw(
            owner,
            Method::PATCH,
            &format!("/admin/identities/{ada}"),
            padded(patch, 5 * mib + 1),
        )
        .await
        .refused(413, "body_too_large");
        let key = json!({"name": "large", "roles": ["viewer"]});
        raw(
            owner,
            Method::POST,
            "/v1/api-keys",
            padded(key.clone(), mib + 1),
        )
        .await
        .refused(413, "body_too_large");
        raw(
            owner,
            Method::PUT,
            "/v1/schemas/new",
            padded(json!({"schema": {}}), mib + 1),
        )
        .await
        .refused(413, "body_too_large");
        assert_eq!(house.alpha.rows().await, before);
        raw(
            owner,
            Method::POST,
            "/admin/identities",
            padded(create, 4 * mib),
        )
        .await
        .expect(201);
        raw(owner, Method::POST, "/v1/api-keys", padded(key, mib))
            .await
            .expect(201);
    }

    async fn abuse_53_deep_nesting_is_refused_and_the_gateway_lives(house: House) {
        let before = house.alpha.rows().await;
        let depth = 10_000;
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let deep_object = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        for (method, path) in writes(&house.alpha) {
            let bodies = [
                deep.clone(),
                deep_object.clone(),
                "[".repeat(depth),
                format!("{{\"traits\": {{\"email\": {deep}}}}}"),
                format!("{{\"schema\": {deep_object}}}"),
                format!("[{{\"op\": \"add\", \"path\": \"/metadata_admin\", \"value\": {deep}}}]"),
            ];
            for body in bodies {
                raw(&house.alpha.owner, method.clone(), &path, body)
                    .await
                    .expect(400);
            }
        }
        assert_eq!(house.alpha.rows().await, before);
    }
}

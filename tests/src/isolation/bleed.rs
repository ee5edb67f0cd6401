//! Many refusals at once.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use crate::{
    client::send,
    database::{random, random_id},
    house::Tenant,
};

on_both_databases! {
    async fn abuse_14_of_a_thousand_refusals_at_once_none_holds_anything_of_another_request(
        house: House,
    ) {
        let (alpha, twin) = (&house.alpha, &house.twin);
        let viewers = [
            alpha.caller("viewer").await,
            Tenant::new(house.gateway, "other")
                .await
                .caller("viewer")
                .await,
        ];
        let tenants = [alpha.owner.clone(), twin.owner.clone()];
        let at_once = std::sync::Arc::new(tokio::sync::Semaphore::new(100));
        let mut asked = tokio::task::JoinSet::new();
        for number in 0..1_000_usize {
            let mark = format!("mark-{number}-{:x}", random());
            let id = random_id();
            let (caller, method, path, body) = match number % 5 {
                0 => (
                    &tenants[number / 5 % 2],
                    Method::GET,
                    format!("/v1/users/{id}"),
                    None,
                ),
                1 => (
                    &tenants[number / 5 % 2],
                    Method::GET,
                    format!("/admin/identities/{id}"),
                    None,
                ),
                2 => (
                    &tenants[number / 5 % 2],
                    Method::POST,
                    "/admin/identities".to_owned(),
                    Some(json!({&mark: 1})),
                ),
                3 => (
                    &viewers[number / 5 % 2],
                    Method::DELETE,
                    format!("/admin/identities/{id}"),
                    None,
                ),
                _ => (
                    &tenants[number / 5 % 2],
                    Method::GET,
                    format!("/v1/schemas/{mark}"),
                    None,
                ),
            };
            let mut request = caller.request(method, &path).header("X-Request-ID", &mark);
            if let Some(body) = body {
                request = request.json(&body);
            }
            let at_once = std::sync::Arc::clone(&at_once);
            asked.spawn(async move {
                let _turn = at_once.acquire().await.expect("never closed");
                (mark, id, send(request).await)
            });
        }
        let (mut marks, mut replies) = (BTreeSet::new(), Vec::new());
        while let Some(answer) = asked.join_next().await {
            let (mark, id, reply) = answer.expect("no panic");
            assert!((400..500).contains(&reply.status), "{reply}");
            assert_eq!(reply.header("x-request-id"), mark, "{reply}");
            marks.insert(mark.clone());
            replies.push((mark, id, reply));
        }
        assert_eq!(marks.len(), 1_000);
        for (mark, _, reply) in &replies {
            for part in reply
                .body
                .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            {
                assert!(
                    !part.starts_with("mark-") || part == mark,
                    "holds another request's mark: {reply}"
                );
            }
            for tenant in [&alpha.id, &twin.id] {
                assert!(
                    !reply.body.contains(tenant.as_str()),
                    "names a tenant: {reply}"
                );
            }
        }
    }
}

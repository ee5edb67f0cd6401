//! Takes every operation of the OpenAPI document and probes it: as nobody, as another tenant, as a viewer.
//!
//! An operation that [`table::sample`] does not know fails the test, and so does one of the table that is gone. Public
//! operations are those that the document gives a reason for, and no others.

mod table;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use crate::{
    client::{Reply, send},
    database::random_id,
};
use table::{Operation, filled, guarded, operations, personal, references, some_key};

on_both_databases! {
    async fn every_operation_of_the_document_is_known_here_and_public_ones_say_why(house: House) {
        let operations = operations(&house).await;
        let public: BTreeSet<_> = operations
            .iter()
            .filter(|operation| operation.access.is_none())
            .map(Operation::shape)
            .collect();
        let known = [
            "GET /docs",
            "GET /docs/{}",
            "GET /health/alive",
            "GET /health/ready",
            "GET /openapi.json",
            "GET /tenants/{}/.well-known/jwks.json",
            "GET /version",
            // As Ory's admin port has them.
            "GET /admin/health/alive",
            "GET /admin/health/ready",
            "GET /admin/version",
        ];
        let public: BTreeSet<&str> = public.iter().map(String::as_str).collect();
        assert_eq!(public, BTreeSet::from(known));
        for operation in guarded(&operations) {
            assert!(
                operation.action.contains(':'),
                "{} has no action",
                operation.shape()
            );
        }
        let shapes: BTreeSet<_> = operations.iter().map(Operation::shape).collect();
        for expected in [
            "POST /admin/identities",
            "GET /admin/identities",
            "PATCH /admin/identities",
            "GET /admin/identities/{}",
            "PUT /admin/identities/{}",
            "PATCH /admin/identities/{}",
            "DELETE /admin/identities/{}",
            "GET /admin/identities/by/external/{}",
            "DELETE /admin/identities/{}/credentials/{}",
            "POST /iam/identities",
            "PATCH /iam/identities",
            "GET /iam/identities/{}",
            "GET /schemas",
            "GET /schemas/{}",
            "GET /admin/identities/{}/sessions",
            "DELETE /admin/identities/{}/sessions",
            "GET /admin/sessions",
            "POST /admin/sessions",
            "GET /admin/sessions/{}",
            "DELETE /admin/sessions/{}",
            "PATCH /admin/sessions/{}/extend",
            "GET /iam/sessions/{}",
            "GET /sessions/whoami",
            "GET /sessions",
            "DELETE /sessions",
            "DELETE /sessions/{}",
            "GET /v1/users/{}/sessions",
            "POST /v1/users/{}/sessions",
            "DELETE /v1/users/{}/sessions",
            "GET /v1/whoami",
            "GET /v1/users",
            "GET /v1/users/{}",
            "GET /v1/users/{}/identities",
            "POST /v1/users/{}/identities",
            "POST /v1/users/{}/verify-password",
            "DELETE /v1/users/{}/identities/{}",
            "POST /v1/identity-providers",
            "GET /v1/identity-providers",
            "GET /v1/identity-providers/{}",
            "DELETE /v1/identity-providers/{}",
            "GET /v1/identity-providers/{}/keys",
            "POST /v1/identity-providers/{}/keys",
            "DELETE /v1/identity-providers/{}/keys/{}",
            "GET /v1/identity-providers/{}/scim",
            "PUT /v1/identity-providers/{}/scim",
            "POST /v1/schemas",
            "PUT /v1/schemas/{}",
            "DELETE /v1/schemas/{}",
            "GET /v1/schemas/{}",
            "GET /v1/policies",
            "GET /v1/policies/{}",
            "PUT /v1/policies/{}",
            "DELETE /v1/policies/{}",
            "POST /v1/policies/validate",
            "GET /v1/session-token-templates",
            "GET /v1/session-token-templates/{}",
            "PUT /v1/session-token-templates/{}",
            "DELETE /v1/session-token-templates/{}",
            "POST /v1/session-token-keys/rotate",
            "GET /v1/api-keys",
            "POST /v1/api-keys",
            "DELETE /v1/api-keys/{}",
            "GET /v1/audit-events",
            "GET /v1/tenants",
            "POST /v1/tenants",
            "GET /v1/tenants/{}",
            "POST /v1/tenants/{}/suspend",
            "POST /v1/tenants/{}/resume",
            "POST /v1/tenants/{}/api-keys",
        ] {
            assert!(shapes.contains(expected), "the document lacks {expected}");
        }
    }

    async fn every_operation_refuses_nobody_with_401_before_anything_else(house: House) {
        let (alpha, key) = (&house.alpha, some_key(&house.alpha).await);
        let before = alpha.rows().await;
        let nobody = house.gateway.anonymous();
        for operation in guarded(&operations(&house).await) {
            let sample = filled(operation, alpha, &key);
            let arguments = references(&sample);
            for caller in [
                nobody.clone(),
                nobody.with_tenant(&alpha.id),
                nobody.with_key("pal_x_y"),
                nobody.with_key("pal_x_y").with_tenant("x"),
            ] {
                let reply = send(operation.at(&caller, &arguments, sample.body.as_ref())).await;
                assert!(!reply.header("www-authenticate").is_empty(), "{reply}");
                reply.refused(401, "unauthenticated");
            }
            let nonsense = vec!["%FF"; arguments.len()];
            send(operation.at(&nobody, &nonsense, None).body("{"))
                .await
                .refused(401, "unauthenticated");
        }
        assert_eq!(alpha.rows().await, before);
    }

    async fn every_personal_operation_wants_a_session_and_every_other_a_key(house: House) {
        let (alpha, key) = (&house.alpha, some_key(&house.alpha).await);
        let token = alpha
            .owner
            .post(&format!("/v1/users/{}/sessions", alpha.ada), json!({}))
            .await
            .expect(201)
            .text("/token");
        let before = alpha.rows().await;
        let nobody = house.gateway.anonymous().with_tenant(&alpha.id);
        let (operator, stranger) = (
            house.gateway.operator(),
            nobody.with_tenant(&house.twin.id),
        );
        let (bearer, cookie) = (
            format!("Bearer {token}"),
            format!("ory_kratos_session={token}"),
        );
        let all = operations(&house).await;
        assert_eq!(personal(&all).count(), 4);
        for operation in personal(&all) {
            let sample = filled(operation, alpha, &key);
            let ask = |caller| operation.at(caller, &references(&sample), sample.body.as_ref());
            for request in [
                ask(&nobody),
                ask(&alpha.owner),
                ask(&operator),
                ask(&alpha.owner).header("X-Session-Token", &token),
                ask(&alpha.owner).header("Cookie", &cookie),
                ask(&nobody).header("X-Session-Token", alpha.owner.key()),
                ask(&nobody).header("X-API-Key", &token),
                ask(&nobody).header("X-Session-Token", &token).header("Cookie", &cookie),
                ask(&nobody).header("X-Session-Token", &token).header("X-Session-Token", &token),
            ] {
                let reply = send(request).await;
                reply.refused(401, "session_inactive");
                assert!(!reply.header("www-authenticate").is_empty(), "{reply}");
            }
            let twins = ask(&stranger);
            send(twins.header("X-Session-Token", &token))
                .await
                .refused(403, "tenant_mismatch");
        }
        for operation in guarded(&all) {
            let sample = filled(operation, alpha, &key);
            let ask = |caller| operation.at(caller, &references(&sample), sample.body.as_ref());
            for request in [
                ask(&nobody).header("X-Session-Token", &token),
                ask(&nobody).header("X-API-Key", &token),
                ask(&nobody).header("Authorization", &bearer),
                ask(&nobody).header("Cookie", &cookie),
                ask(&alpha.owner).header("X-Session-Token", &token),
            ] {
                send(request).await.refused(401, "unauthenticated");
            }
        }
        assert_eq!(alpha.rows().await, before);
    }

    async fn abuse_01_another_tenants_owner_is_answered_as_for_an_id_that_is_none(house: House) {
        let (alpha, key) = (&house.alpha, some_key(&house.alpha).await);
        let policy = r#"permit(principal, action == Palisade::Action::"self:read", resource);"#;
        alpha
            .owner
            .put("/v1/policies/only-here", json!({"policy": policy}))
            .await
            .expect(201);
        alpha
            .owner
            .put(
                "/v1/schemas/only-here",
                json!({"schema": crate::house::customer_schema()}),
            )
            .await
            .expect(201);
        alpha
            .owner
            .put("/v1/session-token-templates/only-here", json!({}))
            .await
            .expect(201);
        let person =
            json!({"traits": {"email": "only-here@example.test"}, "external_id": "only-here"});
        alpha
            .owner
            .post("/admin/identities", person)
            .await
            .expect(201);
        let before = alpha.rows().await;
        let foreigner = &house.twin.owner;
        for operation in guarded(&operations(&house).await) {
            let sample = filled(operation, alpha, &key);
            if !sample.ids || operation.access.as_deref() == Some("operate") {
                continue;
            }
            let random: Vec<String> = sample.arguments.iter().map(|_| random_id()).collect();
            let random: Vec<&str> = random.iter().map(String::as_str).collect();
            let foreign =
                send(operation.at(foreigner, &references(&sample), sample.body.as_ref())).await;
            let absent = send(operation.at(foreigner, &random, sample.body.as_ref())).await;
            same(&foreign, &absent);
            if sample.absent == 200 {
                assert_eq!((foreign.status, foreign.body.trim()), (200, "[]"), "{foreign}");
                continue;
            }
            foreign.refused(404, "not_found");
        }
        // What has a name of the tenant's own choice.
        for path in [
            "/v1/policies/",
            "/v1/schemas/",
            "/v1/session-token-templates/",
            "/schemas/",
            "/admin/identities/by/external/",
            "/iam/identities/by/external/",
        ] {
            let ask = |name: &str| {
                send(
                    foreigner
                        .request(Method::GET, &format!("{path}{name}"))
                        .header("X-Request-ID", "probe"),
                )
            };
            let (foreign, absent) = (ask("only-here").await, ask("only-gone").await);
            assert_eq!(foreign.body.replace("only-here", "only-gone"), absent.body);
            foreign.refused(404, "not_found");
            alpha
                .owner
                .get(&format!("{path}only-here"))
                .await
                .expect(200);
        }
        assert_eq!(alpha.rows().await, before);
    }

    async fn abuse_02_every_operation_refuses_another_tenants_id_in_the_header(house: House) {
        let (alpha, twin, key) = (&house.alpha, &house.twin, some_key(&house.alpha).await);
        let before = alpha.rows().await;
        let operator = house.gateway.operator();
        for operation in guarded(&operations(&house).await) {
            let sample = filled(operation, alpha, &key);
            let arguments = references(&sample);
            let operate = operation.access.as_deref() == Some("operate");
            let caller = if operate { &operator } else { &alpha.owner };
            let foreign = caller.with_tenant(&twin.id);
            let reply = send(operation.at(&foreign, &arguments, sample.body.as_ref())).await;
            reply.refused(403, "tenant_mismatch");
            let twice = operation
                .at(&foreign, &arguments, sample.body.as_ref())
                .header("X-Tenant-ID", &alpha.id);
            send(twice).await.refused(400, "invalid_tenant_id");
            let no_uuid = operation.at(&caller.with_tenant("x"), &arguments, sample.body.as_ref());
            send(no_uuid).await.refused(400, "invalid_tenant_id");
            if operation.path.starts_with("/v1") && !operate {
                let without =
                    operation.at(&caller.without_tenant(), &arguments, sample.body.as_ref());
                send(without).await.refused(400, "tenant_required");
            }
        }
        assert_eq!(alpha.rows().await, before);
    }

    async fn every_operation_that_writes_refuses_a_viewer_with_a_notice(house: House) {
        let alpha = &house.alpha;
        let (viewer, key) = (alpha.caller("viewer").await, some_key(alpha).await);
        let before = alpha.rows().await;
        for operation in guarded(&operations(&house).await) {
            let sample = filled(operation, alpha, &key);
            let reply =
                send(operation.at(&viewer, &references(&sample), sample.body.as_ref())).await;
            if operation.access.as_deref() == Some("read") && operation.action != "audit_event:list"
            {
                assert_eq!(reply.status, 200, "a viewer reads: {reply}");
                continue;
            }
            let body = reply.refused(403, "forbidden");
            assert!(
                body["notices"]
                    .as_array()
                    .is_some_and(|notices| !notices.is_empty()),
                "no notice: {reply}"
            );
            // A body that can't be read makes no difference: the decision comes first.
            let unread = send(operation.at(&viewer, &references(&sample), None).body("{")).await;
            same(&reply, &unread);
            if sample.ids {
                let random: Vec<String> = sample.arguments.iter().map(|_| random_id()).collect();
                let random: Vec<&str> = random.iter().map(String::as_str).collect();
                let absent = send(operation.at(&viewer, &random, sample.body.as_ref())).await;
                if operation.access.as_deref() == Some("operate") {
                    // That a tenant is one's own may show; not which others there are.
                    let mut arguments = references(&sample);
                    arguments[0] = &house.twin.id;
                    let other = send(operation.at(&viewer, &arguments, sample.body.as_ref())).await;
                    same(&other, &absent);
                    continue;
                }
                same(&reply, &absent);
            }
        }
        let mut after = alpha.rows().await;
        // Refusals are audited where they happen.
        after["audit"] = before["audit"].clone();
        assert_eq!(after, before);
    }

    async fn the_operator_has_no_way_into_a_tenant(house: House) {
        let (alpha, key) = (&house.alpha, some_key(&house.alpha).await);
        let before = alpha.rows().await;
        let operator = house.gateway.operator();
        for operation in guarded(&operations(&house).await) {
            if operation.access.as_deref() == Some("operate") || operation.action == "self:read" {
                continue;
            }
            let sample = filled(operation, alpha, &key);
            let named = operator.with_tenant(&alpha.id);
            send(operation.at(&named, &references(&sample), sample.body.as_ref()))
                .await
                .refused(403, "tenant_mismatch");
            let own = operator.with_tenant("00000000-0000-0000-0000-000000000000");
            let body = send(operation.at(&own, &references(&sample), sample.body.as_ref()))
                .await
                .refused(403, "forbidden");
            assert!(
                body["notices"]
                    .as_array()
                    .is_some_and(|notices| !notices.is_empty()),
                "{body}"
            );
        }
        assert_eq!(alpha.rows().await, before);
    }
}

/// The two answers are the same, byte for byte; they were asked for with the same request id.
#[track_caller]
fn same(one: &Reply, other: &Reply) {
    assert_eq!(
        (one.status, &one.body),
        (other.status, &other.body),
        "{one}\n{other}"
    );
    // Whether the connection is kept depends on what of the body had been read, `date` on the clock.
    let told = |reply: &Reply| -> BTreeSet<String> {
        let names = reply.headers.keys().map(ToString::to_string);
        names
            .filter(|name| !["connection", "date", "traceparent"].contains(&name.as_str()))
            .collect()
    };
    assert_eq!(told(one), told(other), "the headers tell them apart: {one}");
}

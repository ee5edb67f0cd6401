//! What policies say to the caller, and what they must not give away.

use serde_json::{Value, json};

use crate::{client::Caller, house::Tenant};

/// The one notice of an implicit deny.
fn only_notice(body: &Value) -> String {
    let notices = body["notices"]
        .as_array()
        .unwrap_or_else(|| panic!("no notices: {body}"));
    assert_eq!(notices.len(), 1, "{body}");
    notices[0].as_str().expect("a notice is text").to_owned()
}

/// A new policy of the tenant.
pub(crate) async fn put(owner: &Caller, name: &str, policy: &str) {
    owner
        .put(&format!("/v1/policies/{name}"), json!({"policy": policy}))
        .await
        .expect(201);
}

on_both_databases! {
    async fn a_tenant_policys_notice_is_told_on_v1_and_in_orys_dialect(house: House) {
        let Tenant {
            owner,
            ada,
            ada_link,
            ..
        } = &house.alpha;
        put(owner, "freeze", r#"
            @id("no-deletes") @notice("deletes are frozen until the audit is over; ask security@example.test")
            forbid(principal, action == Palisade::Action::"identity:delete", resource);
            @notice("links stay as they are")
            forbid(principal, action == Palisade::Action::"external_identity:unlink", resource);
        "#).await;
        let frozen =
            json!(["deletes are frozen until the audit is over; ask security@example.test"]);
        for mount in ["/admin", "/iam"] {
            let body = owner
                .delete(&format!("{mount}/identities/{ada}"))
                .await
                .refused(403, "forbidden");
            assert_eq!(body["notices"], frozen);
            assert_eq!(body["error"]["notices"], frozen);
            assert_eq!(body["error"]["code"], 403);
        }
        let body = owner
            .delete(&format!("/v1/users/{ada}/identities/{ada_link}"))
            .await
            .refused(403, "forbidden");
        assert_eq!(body["notices"], json!(["links stay as they are"]));
        assert!(body.get("error").is_none(), "{body}");
        owner
            .get(&format!("/admin/identities/{ada}"))
            .await
            .expect(200);
        owner.delete("/v1/policies/freeze").await.expect(204);
        owner
            .delete(&format!("/v1/users/{ada}/identities/{ada_link}?force=true"))
            .await
            .expect(204);
        let unlinks = owner
            .all("/v1/audit-events?action=external_identity:unlink&decision=allow")
            .await;
        assert_eq!(unlinks[0]["details"], json!({"forced": true, "user_id": ada}));
        owner
            .delete(&format!("/admin/identities/{ada}"))
            .await
            .expect(204);
    }

    async fn a_refusal_is_audited_with_its_policies(house: House) {
        let Tenant { owner, bob, .. } = &house.alpha;
        put(
            owner,
            "freeze",
            r#"
            @id("no-deletes") @notice("frozen")
            forbid(principal, action == Palisade::Action::"identity:delete", resource);
        "#,
        )
        .await;
        owner
            .delete(&format!("/admin/identities/{bob}"))
            .await
            .refused(403, "forbidden");
        let start = std::time::Instant::now();
        let event = loop {
            let events = owner
                .all("/v1/audit-events?action=identity:delete&page_size=500")
                .await;
            if let Some(event) = events.into_iter().find(|event| event["decision"] == "deny") {
                break event;
            }
            assert!(
                start.elapsed().as_secs() < 5,
                "the refusal is not in the audit events"
            );
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        };
        assert!(
            event.to_string().contains("tenant/"),
            "names the determining policy: {event}"
        );
        assert!(
            event.to_string().contains(bob.as_str()),
            "names the target: {event}"
        );
    }

    async fn an_implicit_deny_has_one_fixed_notice(house: House) {
        let viewer = house.alpha.caller("viewer").await;
        let Tenant { ada, ada_link, .. } = &house.alpha;
        let one = only_notice(
            &viewer
                .delete(&format!("/admin/identities/{ada}"))
                .await
                .refused(403, "forbidden"),
        );
        let other = only_notice(
            &viewer
                .delete(&format!("/v1/users/{ada}/identities/{ada_link}"))
                .await
                .refused(403, "forbidden"),
        );
        let third = only_notice(
            &viewer
                .post("/v1/api-keys", json!({}))
                .await
                .refused(403, "forbidden"),
        );
        assert!(!one.is_empty());
        assert_eq!((&one, &one), (&other, &third));
        let body = viewer
            .get(&format!(
                "/admin/identities/{ada}?include_credential=password"
            ))
            .await
            .refused(403, "forbidden");
        assert_ne!(
            only_notice(&body),
            one,
            "the guardrail for secrets has a notice of its own"
        );
        let body = house
            .alpha
            .owner
            .get("/v1/tenants")
            .await
            .refused(403, "forbidden");
        assert_ne!(
            only_notice(&body),
            one,
            "the guardrail for the operator's routes has a notice of its own"
        );
    }

    async fn abuse_59_a_policy_that_errors_denies(house: House) {
        let Tenant {
            owner, ada, bob, ..
        } = &house.alpha;
        // It validates, and overflows when it is evaluated. Cedar skips it: on its own it would forbid nothing.
        put(
            owner,
            "broken",
            r#"
            forbid(principal, action == Palisade::Action::"identity:delete", resource)
            when { 9223372036854775807 + 1 == 0 };
        "#,
        )
        .await;
        let body = owner
            .delete(&format!("/admin/identities/{ada}"))
            .await
            .refused(403, "forbidden");
        assert!(
            !body.to_string().contains("overflow")
                && !body.to_string().contains("9223372036854775807"),
            "{body}"
        );
        owner
            .get(&format!("/admin/identities/{ada}"))
            .await
            .expect(200);
        owner
            .put(
                "/v1/policies/broken",
                json!({"policy": r#"
            permit(principal, action == Palisade::Action::"identity:delete", resource)
            when { 9223372036854775807 + 1 == 0 };
        "#}),
            )
            .await
            .expect(200);
        owner
            .delete(&format!("/admin/identities/{bob}"))
            .await
            .refused(403, "forbidden");
        owner.delete("/v1/policies/broken").await.expect(204);
        owner
            .delete(&format!("/admin/identities/{bob}"))
            .await
            .expect(204);
    }

    async fn abuse_60_notices_give_away_nothing_but_their_text(house: House) {
        let Tenant { owner, ada, .. } = &house.alpha;
        let other = Tenant::new(house.gateway, "other").await;
        let forbid = |notice: &str, when: &str| {
            let scope = r#"principal, action == Palisade::Action::"identity:delete", resource"#;
            format!("{notice} forbid({scope}) {when};")
        };
        let theirs = forbid(r#"@notice("the other tenant's notice")"#, "");
        put(&other.owner, "secret-plan", &theirs).await;
        // What could break out of a header or a log line is no notice at all.
        for control in ["\\r\\nSet-Cookie: a=b", "\\u{1b}[31m", "\\0"] {
            let text = forbid(&format!(r#"@notice("ask {control}")"#), "");
            let reply = owner
                .put("/v1/policies/control", json!({"policy": text}))
                .await;
            reply.refused(422, "invalid_policy");
        }
        let marked = r#"@notice("ask <b>security</b> & \"them\"")"#;
        put(
            owner,
            "plain",
            &forbid(marked, r#"when { principal.tenant_state == "active" }"#),
        )
        .await;
        put(
            owner,
            "silent",
            &forbid("", r#"when { resource.state == "active" }"#),
        )
        .await;
        let elsewhere =
            forbid(r#"@notice("about something else")"#, "").replace("delete", "create");
        put(owner, "elsewhere", &elsewhere).await;
        let unmatched = r#"@notice("does not hold here")"#;
        put(
            owner,
            "unmatched",
            &forbid(unmatched, r#"when { resource.state == "inactive" }"#),
        )
        .await;

        let reply = owner.delete(&format!("/admin/identities/{ada}")).await;
        assert_eq!(
            reply.header("content-type").split(';').next(),
            Some("application/json"),
            "{reply}"
        );
        assert!(reply.headers.get("set-cookie").is_none());
        for hidden in [
            "forbid(",
            "forbid (",
            "principal",
            "tenant_state",
            "resource.state",
            "the other tenant",
            "about something else",
            "does not hold here",
            "secret-plan",
            "@example.test",
            "\u{1b}",
            "\\u001b",
            "\\r",
            "\\n",
        ] {
            assert!(
                !reply.body.trim_end().contains(hidden),
                "{hidden:?} stands in {reply}"
            );
        }
        let notice = only_notice(&reply.refused(403, "forbidden"));
        assert!(
            notice.starts_with("ask ") && !notice.chars().any(char::is_control),
            "{notice:?}"
        );

        let body = other
            .owner
            .delete(&format!("/admin/identities/{}", other.ada))
            .await
            .refused(403, "forbidden");
        assert_eq!(body["notices"], json!(["the other tenant's notice"]));
    }
}

//! Which policies a tenant can't have.

use serde_json::json;

use crate::{database::random_id, house::Tenant, notices::put};

on_both_databases! {
    async fn abuse_61_policies_that_would_lock_every_owner_out_are_refused(house: House) {
        let owner = &house.alpha.owner;
        let before = house.alpha.rows().await;
        for policy in [
            "forbid(principal, action, resource);",
            r#"forbid(principal, action == Palisade::Action::"policy:put", resource);"#,
            r#"forbid(principal, action == Palisade::Action::"policy:delete", resource);"#,
            r#"forbid(principal, action in Palisade::Action::"manage", resource);"#,
            r#"forbid(principal in Palisade::Role::"owner", action, resource);"#,
            r#"forbid(principal, action, resource) when { principal.tenant_state == "active" };"#,
            r#"forbid(principal, action, resource) when { 9223372036854775807 + 1 == 0 };"#,
        ] {
            owner
                .put("/v1/policies/lockout", json!({"policy": policy}))
                .await
                .refused(409, "policy_lockout");
            owner
                .put("/v1/policies/house-rules", json!({"policy": policy}))
                .await
                .refused(409, "policy_lockout");
        }
        assert_eq!(house.alpha.rows().await, before);
        put(
            owner,
            "narrow",
            r#"forbid(principal in Palisade::Role::"editor", action, resource);"#,
        )
        .await;
        owner.delete("/v1/policies/narrow").await.expect(204);
    }

    async fn abuse_62_a_policy_cannot_name_another_tenants_entities_or_the_operators_actions(
        house: House,
    ) {
        let Tenant { owner, .. } = &house.alpha;
        let twin = &house.twin;
        let before = house.alpha.rows().await;
        for policy in [
            format!(
                r#"permit(principal, action, resource == Palisade::Tenant::"{}");"#,
                twin.id
            ),
            format!(
                r#"permit(principal, action, resource) when {{ resource.tenant == Palisade::Tenant::"{}" }};"#,
                twin.id
            ),
            format!(
                r#"forbid(principal, action, resource) unless {{ principal.tenant == Palisade::Tenant::"{}" }};"#,
                random_id()
            ),
            r#"permit(principal, action == Palisade::Action::"tenant:create", resource);"#
                .to_owned(),
            r#"permit(principal, action in Palisade::Action::"operate", resource);"#.to_owned(),
            r#"permit(principal in Palisade::Role::"operator", action, resource);"#.to_owned(),
        ] {
            let body = owner
                .put("/v1/policies/reach", json!({"policy": policy}))
                .await
                .refused(422, "invalid_policy");
            let errors = body["details"]["errors"]
                .as_array()
                .unwrap_or_else(|| panic!("{policy}: {body}"))
                .clone();
            assert!(!errors.is_empty(), "{policy}: {body}");
            for error in errors {
                assert!(
                    error["line"].as_u64() >= Some(1) && error["column"].as_u64() >= Some(1),
                    "{policy}: {error}"
                );
            }
        }
        owner
            .get("/v1/policies/reach")
            .await
            .refused(404, "not_found");
        assert_eq!(house.alpha.rows().await, before);
    }

    async fn a_policy_that_does_not_validate_is_refused_with_line_column_and_hint(house: House) {
        let owner = &house.alpha.owner;
        for (policy, line, hint) in [
            ("permit(principal, action, resource)", 1, None),
            (
                "permit(principal, action, resource);\npermit(principal, action resource);",
                2,
                None,
            ),
            (
                "permit(principal, action == Palisade::Action::\"identity:raed\", resource);",
                1,
                Some("identity:read"),
            ),
            (
                "permit(\n  principal,\n  action == Palisade::Action::\"identity:read\",\n  resource\n) when { resource.stat == \"active\" };",
                5,
                Some("state"),
            ),
            (
                "permit(principal, action, resource) when { principal.shoe_size > 42 };",
                1,
                None,
            ),
        ] {
            for call in ["put", "validate"] {
                let body = json!({"policy": policy});
                let reply = match call {
                    "put" => owner.put("/v1/policies/wrong", body).await,
                    _ => owner.post("/v1/policies/validate", body).await,
                };
                let body = reply.refused(422, "invalid_policy");
                let error = body["details"]["errors"][0].clone();
                assert_eq!(error["line"], line, "{policy}: {body}");
                assert!(error["column"].as_u64() >= Some(1), "{policy}: {body}");
                assert!(
                    error["message"]
                        .as_str()
                        .is_some_and(|message| !message.is_empty()),
                    "{body}"
                );
                if let Some(hint) = hint {
                    assert!(
                        error["hint"]
                            .as_str()
                            .is_some_and(|text| text.contains(hint)),
                        "{policy}: {body}"
                    );
                }
            }
        }
        owner
            .get("/v1/policies/wrong")
            .await
            .refused(404, "not_found");
        let good = json!({"policy": r#"permit(principal, action == Palisade::Action::"identity:read", resource);"#});
        owner.post("/v1/policies/validate", good).await.expect(200);
    }

    async fn an_import_is_decided_like_the_links_and_providers_that_it_makes(house: House) {
        let Tenant { owner, bob, .. } = &house.alpha;
        let editor = house.alpha.caller("editor").await;
        put(
            owner,
            "no-links",
            r#"
            @notice("accounts are linked by the help desk")
            forbid(principal, action == Palisade::Action::"external_identity:link", resource);
        "#,
        )
        .await;
        let audited = async |action: &str| {
            let events = owner
                .all(&format!("/v1/audit-events?action={action}&page_size=500"))
                .await;
            events
                .iter()
                .filter(|event| event["decision"] == "allow")
                .count()
        };
        let before = house.alpha.rows().await;
        let seen = |rows: &serde_json::Value| {
            ["identities", "links", "providers"].map(|part| rows[part].clone())
        };
        let import = |provider: &str| {
            json!({
                "schema_id": "default",
                "state": "active",
                "traits": {"email": "eve@example.test"},
                "credentials": {"oidc": {"config": {"providers": [
                    {"provider": provider, "subject": "sub-eve"},
                ]}}},
            })
        };
        let mut bobs = import("corp");
        bobs["traits"] = json!({"email": "bob@example.test"});
        for mount in ["/admin", "/iam"] {
            for reply in [
                owner.post(&format!("{mount}/identities"), import("corp")).await,
                owner.post(&format!("{mount}/identities"), import("unheard-of")).await,
                owner
                    .put(&format!("{mount}/identities/{bob}"), bobs.clone())
                    .await,
            ] {
                let body = reply.refused(403, "forbidden");
                let notices = json!(["accounts are linked by the help desk"]);
                assert_eq!(body["notices"], notices);
                assert_eq!(body["error"]["notices"], notices);
            }
        }
        assert_eq!(seen(&house.alpha.rows().await), seen(&before));
        // A change that makes no link is not asked about it.
        let mut plain = bobs.clone();
        plain.as_object_mut().expect("an object").remove("credentials");
        owner
            .put(&format!("/admin/identities/{bob}"), plain)
            .await
            .expect(200);
        let start = std::time::Instant::now();
        loop {
            let path = "/v1/audit-events?action=external_identity:link&page_size=500";
            let events = owner.all(path).await;
            let denied = events.iter().filter(|event| event["decision"] == "deny");
            if denied.count() == 6 {
                break;
            }
            assert!(start.elapsed().as_secs() < 5, "refusals are not audited");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        owner.delete("/v1/policies/no-links").await.expect(204);

        let before = house.alpha.rows().await;
        editor
            .post("/admin/identities", import("unheard-of"))
            .await
            .refused(403, "forbidden");
        assert_eq!(seen(&house.alpha.rows().await), seen(&before));
        let (links, providers) = (
            audited("external_identity:link").await,
            audited("identity_provider:create").await,
        );
        let eve = editor
            .post("/admin/identities", import("corp"))
            .await
            .expect(201)
            .text("/id");
        let of_eve = owner.all(&format!("/v1/users/{eve}/identities")).await;
        assert_eq!(of_eve.len(), 1, "{of_eve:?}");
        assert_eq!(audited("external_identity:link").await, links + 1);
        assert_eq!(audited("identity_provider:create").await, providers);

        let more = import("unheard-of");
        let path = format!("/admin/identities/{eve}");
        editor
            .put(&path, more.clone())
            .await
            .refused(403, "forbidden");
        owner.put(&path, more.clone()).await.expect(200);
        // Now there is nothing new in it.
        editor.put(&path, more).await.expect(200);
        assert_eq!(audited("external_identity:link").await, links + 2);
        assert_eq!(audited("identity_provider:create").await, providers + 1);
    }
}

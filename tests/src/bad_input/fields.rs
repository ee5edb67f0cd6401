//! Fields of the wrong type, and fields that nobody knows.

use reqwest::Method;
use serde_json::json;

use super::{identity, names};
use crate::{client::send, house::Tenant};

on_both_databases! {
    async fn wrong_types_are_refused_by_the_fields_name(house: House) {
        let owner = &house.alpha.owner;
        let before = house.alpha.rows().await;
        let ada = &house.alpha.ada;
        let cases = [
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"schema_id": 7, "traits": {}}),
                "schema_id",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"traits": "text"}),
                "traits",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                identity(json!({"email": 7})),
                "email",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                identity(json!({})),
                "email",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                identity(json!({"email": "no address"})),
                "email",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"traits": {"email": "x@example.test"}, "state": "asleep"}),
                "state",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"traits": {"email": "x@example.test"}, "state": 1}),
                "state",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"traits": {"email": "x@example.test"}, "external_id": ["a"]}),
                "external_id",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"traits": {"email": "x@example.test"}, "external_id": "x".repeat(65)}),
                "external_id",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"traits": {"email": "x@example.test"}, "organization_id": "x"}),
                "organization_id",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"traits": {"email": "x@example.test"}, "credentials": {"password": {"config": {"password": 7}}}}),
                "password",
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({
                    "traits": {"email": "x@example.test"},
                    "credentials": {"oidc": {"config": {"providers": [{"provider": "corp"}]}}},
                }),
                "subject",
            ),
            (
                Method::PUT,
                format!("/admin/identities/{ada}"),
                json!({"schema_id": "default", "state": "active", "traits": {"email": []}}),
                "email",
            ),
            (
                Method::PUT,
                format!("/admin/identities/{ada}"),
                json!({"schema_id": {}, "state": "active", "traits": {}}),
                "schema_id",
            ),
            (
                Method::PATCH,
                format!("/admin/identities/{ada}"),
                json!([{"op": "replace", "path": "/traits/email", "value": 7}]),
                "email",
            ),
            (
                Method::PATCH,
                format!("/admin/identities/{ada}"),
                json!([{"op": "explode", "path": "/traits"}]),
                "op",
            ),
            (
                Method::PATCH,
                format!("/admin/identities/{ada}"),
                json!([{"op": "remove", "path": "/traits/nothing"}]),
                "/traits/nothing",
            ),
            (
                Method::POST,
                format!("/v1/users/{ada}/identities"),
                json!({"external_id": "x"}),
                "identity_provider_id",
            ),
            (
                Method::POST,
                format!("/v1/users/{ada}/identities"),
                json!({"identity_provider_id": "x", "external_id": "x"}),
                "identity_provider_id",
            ),
            (
                Method::POST,
                format!("/v1/users/{ada}/identities"),
                json!({"identity_provider_id": house.alpha.provider, "external_id": 7}),
                "external_id",
            ),
            (
                Method::POST,
                "/v1/identity-providers".to_owned(),
                json!({"name": "x", "type": "ldap"}),
                "type",
            ),
            (
                Method::POST,
                "/v1/identity-providers".to_owned(),
                json!({"type": "oidc"}),
                "name",
            ),
            (
                Method::POST,
                "/v1/api-keys".to_owned(),
                json!({"name": "x", "roles": "owner"}),
                "roles",
            ),
            (
                Method::POST,
                "/v1/api-keys".to_owned(),
                json!({"name": "x", "roles": []}),
                "roles",
            ),
            (
                Method::POST,
                "/v1/api-keys".to_owned(),
                json!({"name": "x", "roles": ["king"]}),
                "roles",
            ),
            (
                Method::POST,
                "/v1/api-keys".to_owned(),
                json!({"name": "x", "roles": ["viewer"], "expires_at": "tomorrow"}),
                "expires_at",
            ),
            (
                Method::POST,
                "/v1/api-keys".to_owned(),
                json!({"name": "x", "roles": ["viewer"], "allowed_cidrs": ["home"]}),
                "allowed_cidrs",
            ),
            (
                Method::PUT,
                "/v1/schemas/new".to_owned(),
                json!({"schema": "text"}),
                "schema",
            ),
            (
                Method::PUT,
                "/v1/schemas/new".to_owned(),
                json!({}),
                "schema",
            ),
            (
                Method::PUT,
                "/v1/policies/new".to_owned(),
                json!({"policy": 7}),
                "policy",
            ),
        ];
        for (method, path, body, field) in cases {
            let reply = send(owner.request(method, &path).json(&body)).await;
            names(&reply, field);
        }
        assert_eq!(house.alpha.rows().await, before);
    }

    async fn unknown_fields_are_refused_by_name_where_the_contract_is_strict(house: House) {
        let before = house.alpha.rows().await;
        let Tenant {
            owner,
            ada,
            provider,
            ..
        } = &house.alpha;
        let email = json!({"email": "x@example.test"});
        let cases = [
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"traits": email, "shoe_size": 42}),
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"traits": email, "credentials": {"password": {"shoe_size": {}}}}),
            ),
            (
                Method::POST,
                "/admin/identities".to_owned(),
                json!({"traits": email, "credentials": {"password": {"config": {"password": "correct horse", "shoe_size": 1}}}}),
            ),
            (
                Method::POST,
                format!("/v1/users/{ada}/identities"),
                json!({"identity_provider_id": provider, "external_id": "x", "shoe_size": 42}),
            ),
            (
                Method::POST,
                "/v1/identity-providers".to_owned(),
                json!({"name": "x", "type": "oidc", "shoe_size": 42}),
            ),
            (
                Method::PATCH,
                format!("/v1/identity-providers/{provider}"),
                json!({"shoe_size": 42}),
            ),
            (
                Method::POST,
                "/v1/api-keys".to_owned(),
                json!({"name": "x", "roles": ["viewer"], "shoe_size": 42}),
            ),
            (
                Method::PUT,
                "/v1/schemas/new".to_owned(),
                json!({"schema": crate::house::customer_schema(), "shoe_size": 42}),
            ),
            (
                Method::PUT,
                "/v1/policies/new".to_owned(),
                json!({"policy": "permit(principal, action, resource);", "shoe_size": 42}),
            ),
            (
                Method::POST,
                "/v1/policies/validate".to_owned(),
                json!({"policy": "permit(principal, action, resource);", "shoe_size": 42}),
            ),
        ];
        for (method, path, body) in cases {
            let reply = send(owner.request(method, &path).json(&body)).await;
            names(&reply, "shoe_size");
            reply.refused(400, "unknown_field");
        }
        // The operator's operations, too.
        let reply = house
            .gateway
            .operator()
            .post("/v1/tenants", json!({"name": "shoe-shop", "shoe_size": 42}))
            .await;
        names(&reply, "shoe_size");
        reply.refused(400, "unknown_field");
        assert_eq!(house.alpha.rows().await, before);
    }
}

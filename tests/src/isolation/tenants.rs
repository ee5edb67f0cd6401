//! Tenants that are gone, and names that none may have.

use serde_json::json;

use super::{eventually_refused, next_token};
use crate::house::Tenant;

on_both_databases! {
    async fn abuse_11_a_new_tenant_of_a_deleted_ones_name_has_nothing_of_it(house: House) {
        let operator = house.gateway.operator();
        let old = Tenant::new(house.gateway, "phoenix").await;
        let name = operator
            .get(&format!("/v1/tenants/{}", old.id))
            .await
            .expect(200)
            .text("/name");
        let link = old
            .owner
            .get("/admin/identities?page_size=1")
            .await
            .expect(200)
            .header("link")
            .to_owned();
        let token = next_token(&link).expect("there are two");
        operator
            .delete(&format!("/v1/tenants/{}", old.id))
            .await
            .expect(204);
        eventually_refused(&old, 401).await;

        let new = operator
            .post("/v1/tenants", json!({"name": name}))
            .await
            .expect(201)
            .text("/id");
        assert_ne!(new, old.id);
        let first = json!({"name": "first", "roles": ["owner"]});
        let secret = operator
            .post(&format!("/v1/tenants/{new}/api-keys"), first.clone())
            .await
            .expect(201)
            .text("/secret");
        let owner = house
            .gateway
            .anonymous()
            .with_key(&secret)
            .with_tenant(&new);
        assert_eq!(
            owner.get("/admin/identities").await.expect(200).json(),
            json!([])
        );
        assert!(owner.all("/v1/identity-providers").await.is_empty());
        assert!(owner.all("/v1/policies").await.is_empty());
        owner
            .get(&format!("/admin/identities/{}", old.ada))
            .await
            .refused(404, "not_found");
        owner
            .get("/admin/identities/by/external/ada")
            .await
            .refused(404, "not_found");
        owner
            .get(&format!("/admin/identities?page_size=1&page_token={token}"))
            .await
            .refused(400, "invalid_page_token");
        old.owner
            .get("/v1/whoami")
            .await
            .refused(401, "unauthenticated");
        old.owner
            .with_tenant(&new)
            .get("/v1/whoami")
            .await
            .refused(401, "unauthenticated");
        operator
            .post(&format!("/v1/tenants/{}/api-keys", old.id), first)
            .await
            .refused(404, "not_found");
    }

    async fn abuse_13_names_that_look_privileged_are_refused(house: House) {
        let operator = house.gateway.operator();
        let count = async || operator.all("/v1/tenants?page_size=500").await.len();
        let mut cases = vec![
            "",
            " ",
            ".",
            "..",
            "*",
            "a",
            "-a",
            "A",
            "Admin",
            "a b",
            "a/b",
            "a_b",
            "\u{430}dmin",
            "adm\u{131}n",
            "x\u{0}y",
        ];
        cases.extend([
            "admin", "system", "root", "operator", "platform", "palisade", "default", "public",
            "api", "v1",
        ]);
        let long = "a".repeat(64);
        cases.push(&long);
        for name in cases {
            let before = count().await;
            let reply = operator.post("/v1/tenants", json!({"name": name})).await;
            assert_eq!(reply.status, 400, "{name:?}: {reply}");
            assert_eq!(reply.json()["details"]["field"], "name", "{reply}");
            // Other cases create tenants meanwhile; none of these names may be among them.
            let after = operator.all("/v1/tenants?page_size=500").await;
            assert!(
                after.len() >= before
                    && after
                        .iter()
                        .all(|tenant| tenant["name"] != name || name == "platform"),
                "{name:?}"
            );
        }
        for name in ["", "a:b", "a\u{0}b"] {
            let provider = json!({"name": name, "type": "oidc"});
            house
                .alpha
                .owner
                .post("/v1/identity-providers", provider)
                .await
                .expect(400);
        }
        for role in ["operator", "Owner", "root", "*"] {
            let key = json!({"name": "mine", "roles": [role]});
            house
                .alpha
                .owner
                .post("/v1/api-keys", key)
                .await
                .expect(400);
        }
    }
}

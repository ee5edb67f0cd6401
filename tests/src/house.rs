//! Two tenants that hold the same names and e-mails.

use serde_json::{Value, json};

use crate::{client::Caller, database::Db, gateway::Gateway};

/// `alpha`, in which a case works, and `twin`, which must not notice.
pub(crate) struct House {
    pub(crate) gateway: &'static Gateway,
    pub(crate) alpha: Tenant,
    pub(crate) twin: Tenant,
    before: Value,
}

impl House {
    /// Two new tenants in the shared gateway of this database.
    pub(crate) async fn open(db: Db) -> Self {
        let gateway = Gateway::shared(db);
        let (alpha, twin) = (
            Tenant::new(gateway, "alpha").await,
            Tenant::new(gateway, "twin").await,
        );
        let before = twin.rows().await;
        Self {
            gateway,
            alpha,
            twin,
            before,
        }
    }

    /// The end of every case: nothing of `twin` has changed.
    pub(crate) async fn finish(self) {
        assert_eq!(
            self.twin.rows().await,
            self.before,
            "the other tenant's rows have changed"
        );
    }
}

/// A tenant and what is in it: two people with a linked account each, one of them with a session, a schema, a template of
/// session tokens, a policy that changes nothing.
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) owner: Caller,
    pub(crate) provider: String,
    pub(crate) connection: String,
    pub(crate) ada: String,
    pub(crate) ada_link: String,
    pub(crate) ada_session: String,
    pub(crate) bob: String,
    pub(crate) bob_link: String,
}

impl Tenant {
    /// A new tenant.
    pub(crate) async fn new(gateway: &Gateway, name: &str) -> Self {
        let (id, owner) = gateway.new_tenant(name).await;
        let provider = owner
            .post(
                "/v1/identity-providers",
                json!({"name": "corp", "type": "oidc", "issuer": "https://login.example.test"}),
            )
            .await
            .expect(201)
            .text("/id");
        let connection = owner
            .post(
                "/v1/identity-providers",
                json!({"name": "hr", "type": "scim"}),
            )
            .await
            .expect(201)
            .text("/id");
        let (ada, ada_link) = person(&owner, &provider, "ada").await;
        let (bob, bob_link) = person(&owner, &provider, "bob").await;
        let ada_session = owner
            .post(&format!("/v1/users/{ada}/sessions"), json!({}))
            .await
            .expect(201)
            .text("/id");
        let schema = json!({"schema": customer_schema()});
        owner.put("/v1/schemas/customer", schema).await.expect(201);
        let policy = r#"permit(principal in Palisade::Role::"owner", action == Palisade::Action::"identity:read", resource);"#;
        owner
            .put("/v1/policies/house-rules", json!({"policy": policy}))
            .await
            .expect(201);
        let template = json!({"claims": {"email": "/identity/traits/email"}});
        owner
            .put("/v1/session-token-templates/house-token", template)
            .await
            .expect(201);
        Self {
            id,
            owner,
            provider,
            connection,
            ada,
            ada_link,
            ada_session,
            bob,
            bob_link,
        }
    }

    /// Another caller of this tenant.
    pub(crate) async fn caller(&self, role: &str) -> Caller {
        let key = json!({"name": role, "roles": [role]});
        let secret = self
            .owner
            .post("/v1/api-keys", key)
            .await
            .expect(201)
            .text("/secret");
        self.owner.with_key(&secret)
    }

    /// Everything that the tenant can see of itself, except when its keys were used last.
    pub(crate) async fn rows(&self) -> Value {
        let identities = self
            .owner
            .get("/admin/identities?page_size=500")
            .await
            .expect(200)
            .json();
        let mut links = Vec::new();
        for identity in identities.as_array().expect("a list") {
            let id = identity["id"].as_str().expect("an id");
            links.push(self.owner.all(&format!("/v1/users/{id}/identities")).await);
        }
        let mut keys = self.owner.all("/v1/api-keys").await;
        for key in &mut keys {
            key.as_object_mut()
                .expect("an object")
                .remove("last_used_at");
        }
        json!({
            "identities": identities,
            "links": links,
            "sessions": self.owner.get("/admin/sessions?page_size=1000&expand=devices").await.expect(200).json(),
            "schemas": self.owner.all("/v1/schemas").await,
            "policies": self.owner.all("/v1/policies").await,
            "session_token_templates": self.owner.all("/v1/session-token-templates").await,
            "providers": self.owner.all("/v1/identity-providers").await,
            "audit": self.owner.all("/v1/audit-events?page_size=500").await,
            "keys": keys,
        })
    }
}

async fn person(owner: &Caller, provider: &str, name: &str) -> (String, String) {
    let identity = json!({
        "schema_id": "default",
        "traits": {"email": format!("{name}@example.test"), "name": {"first": name}},
        "external_id": name,
        "metadata_admin": {"seat": 1},
    });
    let id = owner
        .post("/admin/identities", identity)
        .await
        .expect(201)
        .text("/id");
    let link = json!({"identity_provider_id": provider, "external_id": format!("sub-{name}")});
    let link = owner
        .post(&format!("/v1/users/{id}/identities"), link)
        .await
        .expect(201)
        .text("/id");
    (id, link)
}

/// Traits with one name that is no identifier.
pub(crate) fn customer_schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"traits": {
            "type": "object",
            "properties": {"nick": {"type": "string"}},
            "additionalProperties": false,
        }},
    })
}

//! SCIM as provisioning systems speak it, against the started program. Cases are named after those who send what they send.

mod bulk;
mod entra;
mod groups;
mod isolation;
mod lists;
mod okta;
mod testers;
mod users;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::client::{Caller, Reply, send};

/// A provisioning system with a connection of its own.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) provider: String,
    pub(crate) caller: Caller,
}

impl Client {
    /// A new connection of the tenant whose owner this is, with a key of it.
    pub(crate) async fn connect(owner: &Caller, name: &str) -> Self {
        let provider = owner
            .post(
                "/v1/identity-providers",
                json!({"name": name, "type": "scim"}),
            )
            .await
            .expect(201)
            .text("/id");
        Self::of(owner, &provider).await
    }

    /// With another key of this connection.
    pub(crate) async fn of(owner: &Caller, provider: &str) -> Self {
        let secret = owner
            .post(
                &format!("/v1/identity-providers/{provider}/keys"),
                json!({"name": "first"}),
            )
            .await
            .expect(201)
            .text("/secret");
        Self {
            provider: provider.to_owned(),
            caller: owner.with_bearer(&secret),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.caller.request(method, &format!("/scim/v2{path}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.with_body(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.with_body(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        send(self.request(Method::DELETE, path)).await
    }

    /// PATCH with these operations.
    pub(crate) async fn patch(&self, path: &str, operations: Value) -> Reply {
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
        self.with_body(Method::PATCH, path, body).await
    }

    async fn with_body(&self, method: Method, path: &str, body: Value) -> Reply {
        let request = self
            .request(method, path)
            .header("content-type", "application/scim+json");
        send(request.body(body.to_string())).await
    }

    /// Those who fit the filter.
    pub(crate) async fn filter(&self, endpoint: &str, filter: &str) -> Value {
        let path = format!("{endpoint}?filter={}", encoded(filter));
        self.get(&path).await.expect(200).json()
    }

    /// A new user of this name.
    pub(crate) async fn user(&self, name: &str) -> Value {
        self.post("/Users", json!({"schemas": [USER], "userName": name}))
            .await
            .expect(201)
            .json()
    }
}

/// A refusal in SCIM's words.
pub(crate) trait Refused {
    /// Expects this status and, where given, this `scimType`.
    fn scim_refused(self, status: u16, scim_type: Option<&str>) -> Value;
}

impl Refused for Reply {
    fn scim_refused(self, status: u16, scim_type: Option<&str>) -> Value {
        let kind = self.header("content-type").to_owned();
        let body = self.expect(status).json();
        assert!(kind.starts_with("application/scim+json"), "{kind}");
        assert_eq!(
            body["schemas"][0],
            "urn:ietf:params:scim:api:messages:2.0:Error"
        );
        assert_eq!(body["status"], status.to_string());
        assert!(
            body["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty())
        );
        assert_eq!(body["scimType"].as_str(), scim_type, "{body}");
        body
    }
}

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

pub(crate) fn id(resource: &Value) -> String {
    resource["id"].as_str().expect("an id").to_owned()
}

/// The names of users in a list.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    list["Resources"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|user| user["userName"].as_str().expect("a name"))
        .collect()
}

/// The text as it stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

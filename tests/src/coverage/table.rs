//! The operations of the document, and what to fill into each.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    client::Caller,
    house::{House, Tenant},
};

/// An operation of the document.
pub(super) struct Operation {
    pub(super) method: Method,
    /// With its parameters in braces.
    pub(super) path: String,
    /// `read`, `write`, `manage`, `operate` or `personal`; nothing where the operation is public.
    pub(super) access: Option<String>,
    pub(super) action: String,
}

impl Operation {
    /// `GET /v1/users/{}`: what the parameters are called does not matter.
    pub(super) fn shape(&self) -> String {
        let plain = self
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "{}" } else { part });
        format!("{} {}", self.method, plain.collect::<Vec<_>>().join("/"))
    }

    pub(super) fn is_personal(&self) -> bool {
        self.access.as_deref() == Some("personal")
    }

    pub(super) fn at(
        &self,
        caller: &Caller,
        arguments: &[&str],
        body: Option<&Value>,
    ) -> RequestBuilder {
        let mut arguments = arguments.iter();
        let path = self.path.split('/').map(|part| {
            if part.starts_with('{') {
                *arguments.next().expect("an argument for each parameter")
            } else {
                part
            }
        });
        let path = path.collect::<Vec<_>>().join("/");
        let request = caller
            .request(self.method.clone(), &path)
            .header("X-Request-ID", "probe");
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

/// What to fill in.
pub(super) struct Sample {
    /// For each parameter of the path something that is there in `alpha`.
    pub(super) arguments: Vec<String>,
    pub(super) body: Option<Value>,
    /// Whether the parameters are ids of the tenant's own: then another tenant must be answered as for a random id.
    /// A tenant chooses the names of its schemas and policies itself, so the same name is another thing elsewhere.
    pub(super) ids: bool,
    /// How another tenant is answered: 404, or 200 with nothing in it.
    pub(super) absent: u16,
}

pub(super) fn sample(shape: &str, alpha: &Tenant, key: &str) -> Option<Sample> {
    let identity = json!({"schema_id": "default", "traits": {"email": "probe@example.test"}});
    let provider = json!({"name": "probe", "type": "oidc"});
    let new_key = json!({"name": "probe", "roles": ["viewer"]});
    let own = |arguments: &[&String], body: Option<Value>| {
        Some(Sample {
            arguments: arguments.iter().map(|id| (*id).clone()).collect(),
            body,
            ids: true,
            absent: 404,
        })
    };
    let named = |name: &str, body: Option<Value>| {
        Some(Sample {
            arguments: vec![name.to_owned()],
            body,
            ids: false,
            absent: 404,
        })
    };
    let whole = |body: Option<Value>| {
        Some(Sample {
            arguments: Vec::new(),
            body,
            ids: false,
            absent: 404,
        })
    };
    let (method, path) = shape.split_once(' ')?;
    // The same handlers at two mounts.
    let path = path.replacen("/iam/", "/admin/", 1);
    match (method, path.as_str()) {
        ("GET", "/admin/identities") => whole(None),
        ("POST", "/admin/identities") => whole(Some(identity)),
        ("PATCH", "/admin/identities") => {
            whole(Some(json!({"identities": [{"create": identity}]})))
        }
        ("GET" | "DELETE", "/admin/identities/{}") => own(&[&alpha.ada], None),
        ("PUT", "/admin/identities/{}") => own(&[&alpha.ada], Some(identity)),
        ("PATCH", "/admin/identities/{}") => own(
            &[&alpha.ada],
            Some(json!([{"op": "add", "path": "/metadata_public", "value": "probe"}])),
        ),
        ("GET", "/admin/identities/by/external/{}") => named("ada", None),
        // As at Ory, an identity that is not there has no sessions.
        ("GET", "/admin/identities/{}/sessions") => own(&[&alpha.ada], None).map(|sample| Sample {
            absent: 200,
            ..sample
        }),
        ("DELETE", "/admin/identities/{}/sessions") => own(&[&alpha.ada], None),
        ("GET", "/admin/sessions") => whole(None),
        ("POST", "/admin/sessions") => whole(Some(
            json!({"action": "disable", "identities": [alpha.ada]}),
        )),
        ("GET" | "DELETE", "/admin/sessions/{}") => own(&[&alpha.ada_session], None),
        ("PATCH", "/admin/sessions/{}/extend") => own(&[&alpha.ada_session], None),
        ("GET", "/sessions" | "/sessions/whoami") | ("DELETE", "/sessions") => whole(None),
        ("DELETE", "/sessions/{}") => own(&[&alpha.ada_session], None),
        ("GET" | "DELETE", "/v1/users/{}/sessions") => own(&[&alpha.ada], None),
        ("POST", "/v1/users/{}/sessions") => own(&[&alpha.ada], Some(json!({}))),
        ("GET", "/schemas") => whole(None),
        ("GET", "/schemas/{}") => named("customer", None),
        ("GET", "/v1/whoami" | "/v1/users" | "/v1/audit-events") => whole(None),
        ("GET", "/v1/users/{}" | "/v1/users/{}/identities") => own(&[&alpha.ada], None),
        ("POST", "/v1/users/{}/verify-password") => {
            own(&[&alpha.ada], Some(json!({"password": "probe"})))
        }
        ("DELETE", "/admin/identities/{}/credentials/{}") => {
            own(&[&alpha.ada, &"oidc".to_owned()], None)
        }
        ("POST", "/v1/users/{}/identities") => {
            let link = json!({"identity_provider_id": alpha.provider, "external_id": "sub-probe"});
            own(&[&alpha.ada], Some(link))
        }
        ("DELETE", "/v1/users/{}/identities/{}") => own(&[&alpha.ada, &alpha.ada_link], None),
        ("GET", "/v1/identities") => whole(None),
        ("GET" | "DELETE", "/v1/identities/{}") | ("GET", "/v1/identities/{}/history") => {
            own(&[&alpha.ada_link], None)
        }
        ("POST", "/v1/identities/{}/link") => {
            own(&[&alpha.ada_link], Some(json!({"user_id": alpha.ada})))
        }
        ("POST", "/v1/identities/{}/create") => {
            let traits = json!({"email": "probe@example.test"});
            own(&[&alpha.ada_link], Some(json!({ "traits": traits })))
        }
        (
            "POST",
            "/v1/identities/{}/reject" | "/v1/identities/{}/unlink" | "/v1/identities/{}/undo",
        ) => own(&[&alpha.ada_link], None),
        ("GET", "/v1/identity-providers" | "/v1/schemas" | "/v1/policies" | "/v1/api-keys") => {
            whole(None)
        }
        ("POST", "/v1/identity-providers") => whole(Some(provider)),
        ("GET" | "DELETE", "/v1/identity-providers/{}") => own(&[&alpha.provider], None),
        ("PATCH" | "PUT", "/v1/identity-providers/{}") => {
            own(&[&alpha.provider], Some(json!({"enabled": true})))
        }
        ("GET", "/v1/identity-providers/{}/keys" | "/v1/identity-providers/{}/scim") => {
            own(&[&alpha.connection], None)
        }
        ("POST", "/v1/identity-providers/{}/keys") => {
            own(&[&alpha.connection], Some(json!({"name": "probe"})))
        }
        ("DELETE", "/v1/identity-providers/{}/keys/{}") => {
            own(&[&alpha.connection, &key.to_owned()], None)
        }
        ("PUT", "/v1/identity-providers/{}/scim") => own(&[&alpha.connection], Some(json!({}))),
        ("POST", "/v1/schemas") => whole(Some(
            json!({"id": "probe", "schema": crate::house::customer_schema()}),
        )),
        ("GET" | "DELETE", "/v1/schemas/{}") => named("customer", None),
        ("PUT", "/v1/schemas/{}") => named(
            "probe",
            Some(json!({"schema": crate::house::customer_schema()})),
        ),
        ("GET" | "DELETE", "/v1/policies/{}") => named("house-rules", None),
        ("PUT", "/v1/policies/{}") => {
            let policy = r#"permit(principal, action == Palisade::Action::"self:read", resource);"#;
            named("probe", Some(json!({"policy": policy})))
        }
        ("GET", "/v1/session-token-templates") => whole(None),
        ("GET" | "DELETE", "/v1/session-token-templates/{}") => named("house-token", None),
        ("PUT", "/v1/session-token-templates/{}") => named(
            "probe",
            Some(json!({"claims": {"email": "/identity/traits/email"}})),
        ),
        ("POST", "/v1/session-token-keys/rotate") => whole(Some(json!({"overlap": 60}))),
        ("POST", "/v1/policies/validate") => whole(Some(
            json!({"policy": "permit(principal, action, resource);"}),
        )),
        ("POST", "/v1/api-keys") => whole(Some(new_key)),
        ("GET" | "DELETE", "/v1/api-keys/{}") => own(&[&key.to_owned()], None),
        ("POST", "/v1/api-keys/{}/rotate") => own(&[&key.to_owned()], Some(json!({}))),
        ("GET", "/v1/tenants") => whole(None),
        ("POST", "/v1/tenants") => whole(Some(json!({"name": "probe"}))),
        ("GET" | "DELETE", "/v1/tenants/{}") => own(&[&alpha.id], None),
        ("PATCH", "/v1/tenants/{}") => own(&[&alpha.id], Some(json!({"display_name": "Probe"}))),
        ("POST", "/v1/tenants/{}/suspend" | "/v1/tenants/{}/resume") => own(&[&alpha.id], None),
        ("POST", "/v1/tenants/{}/api-keys") => own(&[&alpha.id], Some(new_key)),
        ("GET", "/v1/tenants/{}/api-keys") => own(&[&alpha.id], None),
        ("DELETE", "/v1/tenants/{}/api-keys/{}") => own(&[&alpha.id, &key.to_owned()], None),
        _ => None,
    }
}

/// Every operation of the document.
pub(super) async fn operations(house: &House) -> Vec<Operation> {
    let document = house
        .gateway
        .anonymous()
        .get("/openapi.json")
        .await
        .expect(200)
        .json();
    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.1"))
    );
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else {
                continue;
            };
            if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str()) {
                continue;
            }
            let text = |key: &str| operation[key].as_str().map(str::to_owned);
            let (access, action) = (text("x-palisade-access"), text("x-palisade-action"));
            if access.is_none() {
                let reason = text("x-palisade-public").unwrap_or_default();
                assert!(
                    reason.len() > 10,
                    "{method} {path} is neither guarded nor public for a reason"
                );
            }
            all.push(Operation {
                method,
                path: path.clone(),
                access,
                action: action.unwrap_or_default(),
            });
        }
    }
    all
}

/// Those that ask for an API key.
pub(super) fn guarded(operations: &[Operation]) -> impl Iterator<Item = &Operation> {
    operations
        .iter()
        .filter(|operation| operation.access.is_some() && !operation.is_personal())
}

/// Those that ask for the token of a session.
pub(super) fn personal(operations: &[Operation]) -> impl Iterator<Item = &Operation> {
    operations
        .iter()
        .filter(|operation| operation.is_personal())
}

/// The id of one of the tenant's keys.
pub(super) async fn some_key(tenant: &Tenant) -> String {
    let keys = tenant.owner.all("/v1/api-keys").await;
    keys[0]["id"].as_str().expect("a key has an id").to_owned()
}

pub(super) fn filled(operation: &Operation, alpha: &Tenant, key: &str) -> Sample {
    sample(&operation.shape(), alpha, key)
        .unwrap_or_else(|| panic!("the table does not know {}", operation.shape()))
}

pub(super) fn references(sample: &Sample) -> Vec<&str> {
    sample.arguments.iter().map(String::as_str).collect()
}

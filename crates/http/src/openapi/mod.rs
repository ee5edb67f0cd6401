//! The OpenAPI 3.1 document, made from the route table. `docs/openapi.json` is the committed copy.

mod errors;
mod headers;
mod operation;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{catalogue::table, dialect::Dialect, doc::Named};

/// The document as indented JSON with a newline at its end. Members are sorted: equal routes give equal text.
pub fn openapi_json() -> String {
    let mut text = serde_json::to_string_pretty(&sorted(openapi())).unwrap_or_default();
    text.push('\n');
    text
}

/// The document.
pub fn openapi() -> Value {
    let mut named = Named::new();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for operation in table().operations() {
        // SCIM describes itself: its schemas and resource types depend on the connection.
        if Dialect::of(&operation.path) == Dialect::Scim {
            continue;
        }
        let description = operation::describe(operation, &mut named);
        let method = operation.method.as_str().to_ascii_lowercase();
        paths
            .entry(operation.path.clone())
            .or_default()
            .insert(method, description);
    }
    errors::name(&mut named);
    let schemas: BTreeMap<String, Value> = named
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default()))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Palisade",
            "version": crate::VERSION,
            "description": "A multi-tenant identity gateway with policy enforcement.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": headers::shared(),
            "securitySchemes": {
                "apiKey": {
                    "type": "apiKey", "in": "header", "name": "X-API-Key",
                    "description": "an API key, `pal_...`",
                },
                "bearer": {
                    "type": "http", "scheme": "bearer",
                    "description": "the same key as `Authorization: Bearer`",
                },
                "sessionToken": {
                    "type": "apiKey", "in": "header", "name": "X-Session-Token",
                    "description": "the token of a session, `pst_...`",
                },
                "sessionBearer": {
                    "type": "http", "scheme": "bearer",
                    "description": "the same token as `Authorization: Bearer`",
                },
                "sessionCookie": {
                    "type": "apiKey", "in": "cookie", "name": "ory_kratos_session",
                    "description": "the same token in a cookie; `sessions.cookie_name` names it",
                },
            },
        },
        "security": [{ "apiKey": [] }, { "bearer": [] }],
    })
}

/// The same value with the members of every object in order, whatever map the library was built with.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> = members
                .into_iter()
                .map(|(name, value)| (name, sorted(value)))
                .collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_committed_copy_is_what_the_routes_say() {
        crate::committed::check("openapi.json", &openapi_json());
    }

    #[test]
    fn no_two_types_are_described_under_one_name() {
        let mut named = Named::new();
        for operation in table().operations() {
            operation::describe(operation, &mut named);
        }
        errors::name(&mut named);
        let mut seen: BTreeMap<String, Value> = BTreeMap::new();
        for (name, schema) in named {
            let schema = serde_json::to_value(schema).expect("serializes");
            assert_eq!(
                seen.entry(name.clone()).or_insert_with(|| schema.clone()),
                &schema,
                "{name}"
            );
        }
    }

    #[test]
    fn operation_ids_are_unique_and_references_lead_somewhere() {
        let document = openapi();
        let mut ids = HashSet::new();
        for item in document["paths"].as_object().expect("paths").values() {
            for operation in item.as_object().expect("operations").values() {
                let id = operation["operationId"].as_str().expect("an id").to_owned();
                assert!(ids.insert(id.clone()), "{id} stands twice");
            }
        }
        let text = document.to_string();
        for kind in ["schemas", "headers"] {
            for part in text.split(&format!("#/components/{kind}/")).skip(1) {
                let name = part.split('"').next().expect("a name");
                assert!(
                    document["components"][kind].get(name).is_some(),
                    "{name} is not described"
                );
            }
        }
    }

    #[test]
    fn orys_operations_have_orys_names() {
        let document = openapi();
        for (path, method, id) in [
            ("/admin/identities", "post", "createIdentity"),
            ("/admin/identities", "get", "listIdentities"),
            ("/admin/identities/{id}", "get", "getIdentity"),
            (
                "/admin/identities/by/external/{externalID}",
                "get",
                "getIdentityByExternalID",
            ),
            ("/admin/identities/{id}", "put", "updateIdentity"),
            ("/admin/identities/{id}", "patch", "patchIdentity"),
            ("/admin/identities/{id}", "delete", "deleteIdentity"),
            (
                "/admin/identities/{id}/sessions",
                "get",
                "listIdentitySessions",
            ),
            (
                "/admin/identities/{id}/sessions",
                "delete",
                "deleteIdentitySessions",
            ),
            ("/admin/sessions", "get", "listSessions"),
            ("/admin/sessions", "post", "manageSessions"),
            ("/admin/sessions/{id}", "get", "getSession"),
            ("/admin/sessions/{id}", "delete", "disableSession"),
            ("/admin/sessions/{id}/extend", "patch", "extendSession"),
            ("/sessions/whoami", "get", "toSession"),
            ("/sessions", "get", "listMySessions"),
            ("/sessions", "delete", "disableMyOtherSessions"),
            ("/sessions/{id}", "delete", "disableMySession"),
            ("/schemas", "get", "listIdentitySchemas"),
            ("/schemas/{id}", "get", "getIdentitySchema"),
        ] {
            assert_eq!(document["paths"][path][method]["operationId"], id);
        }
    }
}

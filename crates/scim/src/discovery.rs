//! The documents that describe the service (RFC 7643 sections 5 to 7, RFC 7644 section 4, RFC 9865 section 2.4), made from the same
//! schemas and limits that requests are held against.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::list::ListResponse;
use crate::schema::{ResourceType, Schema};
use crate::{limits, urn};

/// What `/ServiceProviderConfig` answers. `base` is the URL of the SCIM service without a slash at its end.
pub fn service_provider_config(base: &str) -> Value {
    let supported = json!({"supported": true});
    json!({
        "schemas": [urn::SERVICE_PROVIDER_CONFIG],
        "patch": supported,
        "bulk": {
            "supported": true,
            "maxOperations": limits::MAX_BULK_OPERATIONS,
            "maxPayloadSize": limits::MAX_BODY_BYTES,
        },
        "filter": {"supported": true, "maxResults": limits::MAX_PAGE},
        "changePassword": supported,
        "sort": supported,
        "etag": supported,
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": limits::DEFAULT_PAGE,
            "maxPageSize": limits::MAX_PAGE,
            "cursorTimeout": limits::CURSOR_TIMEOUT_SECONDS,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth bearer token",
            "description": "A token of the connection, in the header `Authorization`.",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": meta(base, "ServiceProviderConfig", "ServiceProviderConfig"),
    })
}

/// What `/ResourceTypes` answers.
pub fn resource_types(base: &str, types: &[&ResourceType]) -> ListResponse<Value> {
    let all: Vec<Value> = types.iter().map(|of| resource_type(base, of)).collect();
    complete(all)
}

/// What `/ResourceTypes/{name}` answers.
pub fn resource_type(base: &str, of: &ResourceType) -> Value {
    let extensions: Vec<Value> = of
        .extensions()
        .iter()
        .map(|extension| json!({"schema": extension.schema.id(), "required": extension.required}))
        .collect();
    json!({
        "schemas": [urn::RESOURCE_TYPE],
        "id": of.name(),
        "name": of.name(),
        "endpoint": of.endpoint(),
        "description": of.description,
        "schema": of.schema().id(),
        "schemaExtensions": extensions,
        "meta": meta(base, "ResourceType", &format!("ResourceTypes/{}", of.name())),
    })
}

/// What `/Schemas` answers: each schema once.
pub fn schemas(base: &str, types: &[&ResourceType]) -> ListResponse<Value> {
    let mut seen = Vec::new();
    for schema in of_types(types) {
        if !seen.contains(&schema) {
            seen.push(schema);
        }
    }
    complete(seen.into_iter().map(|each| schema(base, each)).collect())
}

/// The schema of a URN, in any case, for `/Schemas/{urn}`.
pub fn find_schema<'a>(urn: &str, types: &[&'a ResourceType]) -> Option<&'a Schema> {
    of_types(types).find(|schema| schema.id().eq_ignore_ascii_case(urn))
}

/// What `/Schemas/{urn}` answers.
pub fn schema(base: &str, schema: &Schema) -> Value {
    let mut shown = json!(schema);
    if let Value::Object(members) = &mut shown {
        members.insert("schemas".to_owned(), json!([urn::SCHEMA]));
        let place = format!("Schemas/{}", schema.id());
        members.insert("meta".to_owned(), meta(base, "Schema", &place));
    }
    shown
}

fn of_types<'a>(types: &[&'a ResourceType]) -> impl Iterator<Item = &'a Schema> {
    types.iter().flat_map(|of| {
        let extensions = of.extensions().iter().map(|extension| &*extension.schema);
        std::iter::once(&**of.schema()).chain(extensions)
    })
}

fn complete(all: Vec<Value>) -> ListResponse<Value> {
    let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
    ListResponse::by_index(total, 1, all)
}

fn meta(base: &str, resource_type: &str, place: &str) -> Value {
    json!({"resourceType": resource_type, "location": format!("{base}/{place}")})
}

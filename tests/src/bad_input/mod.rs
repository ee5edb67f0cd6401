//! What can't be read or must not be accepted: a 4xx of the registry that names the field, and nothing changed.

mod bodies;
mod fields;
mod paths;
mod schemas;
mod writes;

use serde_json::{Value, json};

use crate::client::Reply;

/// A new identity of the schema `default`.
fn identity(traits: Value) -> Value {
    json!({"schema_id": "default", "traits": traits})
}

/// The refusal names this field.
#[track_caller]
fn names(reply: &Reply, field: &str) {
    let body = reply.json();
    let told = format!("{} {}", body["message"], body["details"]);
    assert!((400..423).contains(&reply.status), "{reply}");
    assert!(told.contains(field), "does not name `{field}`: {reply}");
}

//! The identity API row by row: each row of its contract (what Ory does, endpoint by endpoint, and where Palisade goes
//! further) has a test that is named after it and runs on both databases. [`rows`] is the list.
//!
//! To add a row: a test in the module of its endpoint, and a line in [`rows`].

mod batch;
mod by_external_id;
mod create;
mod credentials;
mod delete;
mod get;
mod goes_further;
mod health;
mod identity_sessions;
mod import_rules;
mod list;
mod patch;
mod put;
mod rows;
mod schemas;
mod sessions;
mod transport;

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Caller, Reply, send};

/// `error.reason`: what exactly is wrong.
fn reason(reply: &Reply) -> String {
    in_error(reply, "reason")
}

/// `error.message`.
fn message(reply: &Reply) -> String {
    in_error(reply, "message")
}

fn in_error(reply: &Reply, name: &str) -> String {
    let text = reply.json()["error"][name].as_str().map(str::to_owned);
    text.unwrap_or_default()
}

/// A new identity of the default schema: its id.
async fn create(owner: &Caller, email: &str) -> String {
    created(owner, json!({"traits": {"email": email}}))
        .await
        .text("/id")
}

async fn created(owner: &Caller, body: Value) -> Reply {
    owner.post("/admin/identities", body).await.expect(201)
}

/// The identity as a GET shows it.
async fn read(owner: &Caller, id: &str) -> Value {
    let path = format!("/admin/identities/{id}");
    owner.get(&path).await.expect(200).json()
}

/// The credential of this type with its `config`.
async fn shown(owner: &Caller, id: &str, kind: &str) -> Value {
    let path = format!("/admin/identities/{id}?include_credential={kind}");
    owner.get(&path).await.expect(200).json()["credentials"][kind].clone()
}

/// A request with a body that is just text, of this media type.
async fn raw(caller: &Caller, method: Method, path: &str, media: &str, body: &str) -> Reply {
    let request = caller.request(method, path).header("Content-Type", media);
    send(request.body(body.to_owned())).await
}

/// A schema whose identifier is one of WebAuthn keys.
fn keys_schema() -> Value {
    json!({"schema": {"type": "object", "properties": {"traits": {
        "type": "object",
        "properties": {"login": {
            "type": "string",
            "ory.sh/kratos": {"credentials": {"webauthn": {"identifier": true}}},
        }},
    }}}})
}

/// The ids of a list's items, in their order.
fn ids(reply: &Reply) -> Vec<String> {
    let list = reply.json();
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .collect()
}

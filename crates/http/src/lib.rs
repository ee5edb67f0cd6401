//! HTTP: every route, by dialect.
//!
//! Owns: the route table and its guard, the dialects' bodies and errors, the OpenAPI document, a request's span, log
//! line and metrics.
//! Depends on: `palisade-store` and below. It decides nothing and keeps nothing: handlers ask the gate through their
//! [`Guarded`] argument and hand the grant to the store.
//! To add an operation: a file in its room with a handler and its `doc()`, and a line in the room's `mount`; the
//! guard, OpenAPI and the coverage test follow. `docs/API-DESIGN.md` has the rules of the dialects.

mod admin;
mod app;
mod attempts;
mod call;
mod catalogue;
#[cfg(test)]
mod committed;
mod dialect;
mod doc;
mod door;
mod fields;
mod guard;
mod hashing;
mod idempotency;
mod jwks;
mod let_in;
mod locate;
mod observe;
mod openapi;
mod ops;
mod preconditions;
mod problem;
mod query;
mod render;
mod reply;
mod request_id;
mod requests;
mod routes;
mod scim;
mod serve;
mod sessions;
mod sign_in;
mod station;
mod status_doc;
mod strangers;
mod trail;
mod turns;
mod v1;
mod words;

pub use admin::identity_line;
pub use app::{App, PasswordSettings, ScimSettings, SessionSettings, Settings, SignInSettings};
pub use call::{Call, Media};
pub use catalogue::table;
pub use dialect::Dialect;
pub use doc::{Doc, Kind, Param};
pub use guard::{At, Guarded, Locate, Located};
pub use hashing::HashPool;
pub use openapi::{openapi, openapi_json};
pub use problem::{Answer, Problem};
pub use routes::{BehindGuard, Credential, Entry, Operation, RouteTable};
pub use serve::{configure, serve};
pub use status_doc::status_doc;

/// Palisade's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

//! Whether a caller may do it, and why not.
//!
//! Owns: the action catalogue ([`action`]), [`Gate`], [`Authorized`], compiled policy sets, notices, and the
//! Cedar schema and the platform's policies (embedded from `/policies`). Cedar is used here and nowhere else.
//! Depends on: `palisade-tenancy` and below. Knows no rows: the store implements [`PolicySource`].
//! To add an action: one line in `action.rs`, the action in `policies/palisade.cedarschema`, the roles that have it.

pub mod action;
mod authorized;
mod cache;
mod compiled;
mod complexity;
mod document;
mod engine;
mod entities;
mod finding;
mod gate;
mod handing_out;
mod lockout;
mod member;
mod platform;
mod rules;
mod slice;
mod source;
mod target;
#[cfg(test)]
mod tests;
mod validate;
mod verdicts;

pub use action::{Access, Action};
pub use authorized::{Authorized, Denied, Determining, RequestContext};
pub use finding::Finding;
pub use gate::{Gate, Refusal};
pub use handing_out::{may_hand_out, may_rotate, may_take_back};
pub use source::{PolicySource, StoredPolicies, StoredPolicy};
pub use target::{
    Attribute, ConnectionTarget, ExternalIdentityTarget, IdentityTarget, NamedTarget, Own,
    Resource, ScimGroupTarget, ScimUserTarget, SessionTarget, Target,
};
pub use validate::ValidPolicy;

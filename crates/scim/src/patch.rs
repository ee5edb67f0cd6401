//! PATCH (RFC 7644 section 3.5.2), as the RFC has it and as Entra ID (with and without `aadOptscim062020`) and Okta send it.
//!
//! [`PatchRequest::parse`] reads the message, [`apply`] makes the next state of a resource, all operations or none. The members
//! of a group are no part of that state: what the operations do to them comes out as a [`MembershipChange`], so that adding
//! one member costs the same whatever the size of the group.

mod apply;
mod budget;
mod elements;
mod membership;
mod merge;
mod request;
mod single;
mod values;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_any;
#[cfg(test)]
mod tests_clients;
#[cfg(test)]
mod tests_members;

pub use apply::{PasswordChange, Patched, apply};
pub use membership::MembershipChange;
pub use request::{OperationKind, PatchOperation, PatchRequest};

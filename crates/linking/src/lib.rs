//! How external identities become linked to identities, as pure planners: they decide, the store applies.
//!
//! Owns: [`LinkPlan`], [`UnlinkPlan`], [`ImportedLink`]. Their fields are private and only the planners make them,
//! so that nobody chooses `linked_by` by hand.
//! Depends on: `palisade-identity`, `palisade-envelope`. Pure: no I/O, no clock, no rows.
//! To add a way to link: a file with its planner beside `manual.rs`; it fixes the `linked_by` of its plans.

pub mod imported;
pub mod manual;
mod plan;
pub mod provisioned;

pub use imported::ImportedLink;
pub use plan::{LinkPlan, UnlinkPlan};
pub use provisioned::ProvisionedLink;

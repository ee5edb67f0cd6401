//! How external identities become linked to identities, as pure planners: they decide, the store applies.
//!
//! Owns: [`Decision`], [`LinkPlan`], [`CreatePlan`], [`ReviewPlan`], [`UnlinkPlan`], [`ImportedLink`]. The fields of plans are
//! private and only the planners make them, so that nobody chooses `linked_by` by hand.
//! Depends on: `palisade-identity`, `palisade-envelope`. Pure: no I/O, no clock, no rows.
//! To add a way to link: a file with its planner beside `manual.rs`; it fixes the `linked_by` of its plans.
//! Which of them wins, and why: `docs/adr/0012-when-accounts-are-linked.md`.

pub mod auto;
mod decision;
pub mod imported;
pub mod manual;
mod plan;
pub mod provisioned;
mod rules;

pub use decision::{Candidate, CreatePlan, Decision, Held, Known, Refusal, ReviewPlan, Why};
pub use imported::ImportedLink;
pub use plan::{LinkPlan, UnlinkPlan};
pub use provisioned::ProvisionedLink;

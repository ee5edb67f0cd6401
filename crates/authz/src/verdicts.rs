//! What a subject was told lately.
//!
//! Most policies do not care which identity is read, only of what schema and in what state it is. Where none of a slice
//! does, and none looks at the context, a verdict holds for every resource of the same type and attributes: the slice's
//! key stands for the policies, the subject for principal, action, tenant and its state. `tests/slicing.rs` holds such
//! verdicts against fresh ones.

use std::sync::{Mutex, PoisonError};

use crate::{Attribute, Resource, engine::Verdict, slice::SliceKey};

/// Verdicts of one subject, the latest last.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(Mutex<Vec<Told>>);

#[derive(Debug)]
struct Told {
    slice: SliceKey,
    attributes: Vec<(&'static str, Attribute)>,
    verdict: Verdict,
}

impl Verdicts {
    /// How many are kept: the states of an identity in two schemas.
    const KEPT: usize = 4;

    /// How many policies may determine one that is kept: what a tenant can make this take of memory is bounded.
    const MOST_POLICIES: usize = 16;

    /// What was said of a resource like this one.
    pub(crate) fn get(&self, slice: &SliceKey, resource: &Resource) -> Option<Verdict> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter()
            .find(|told| told.slice == *slice && told.attributes == resource.attributes)
            .map(|told| told.verdict.clone())
    }

    /// Keeps what was said of it.
    pub(crate) fn keep(&self, slice: SliceKey, resource: &Resource, verdict: &Verdict) {
        if verdict.determining.policies.len() > Self::MOST_POLICIES {
            return;
        }
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What older policies said is of no use any more.
        told.retain(|told| told.slice.serial == slice.serial);
        if told.len() >= Self::KEPT {
            told.remove(0);
        }
        told.push(Told {
            slice,
            attributes: resource.attributes.clone(),
            verdict: verdict.clone(),
        });
    }
}

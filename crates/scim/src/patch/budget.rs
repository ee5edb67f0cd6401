//! What a PATCH may cost: a short one must not make a large resource, nor keep a node busy.

use palisade_envelope::Result;
use serde_json::Value;

use crate::error::too_large;
use crate::{limits, value};

#[derive(Debug)]
pub(super) struct Budget {
    comparisons: usize,
    bytes: usize,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self {
            comparisons: limits::MAX_PATCH_COMPARISONS,
            bytes: limits::MAX_PATCH_BYTES,
        }
    }

    /// Before `terms` are held against each of `values`.
    pub(super) fn compare(&mut self, terms: usize, values: usize) -> Result<()> {
        match self.comparisons.checked_sub(terms.saturating_mul(values)) {
            Some(left) => {
                self.comparisons = left;
                Ok(())
            }
            None => Err(too_large(
                "the filters of this PATCH would have to look at too many values; send fewer operations",
            )),
        }
    }

    /// Before a value is written in `times` places.
    pub(super) fn write(&mut self, value: &Value, times: usize) -> Result<()> {
        match self
            .bytes
            .checked_sub(value::weight(value).saturating_mul(times))
        {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => Err(too_large(
                "this PATCH would write too much; send fewer operations",
            )),
        }
    }
}

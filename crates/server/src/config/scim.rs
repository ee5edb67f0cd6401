//! `[scim]`

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// `[scim]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scim {
    requests_per_second: i64,
    burst: i64,
}

impl Scim {
    /// What Entra ID wants at least.
    const LEAST: i64 = 25;
    /// As many as count as no limit.
    const MOST: i64 = 1_000_000;

    pub(super) fn check(&self) -> Result<(), String> {
        for (key, number) in [
            ("scim.requests_per_second", self.requests_per_second),
            ("scim.burst", self.burst),
        ] {
            if !(Self::LEAST..=Self::MOST).contains(&number) {
                return Err(format!(
                    "`{key}` must be {} to {}, not `{number}`",
                    Self::LEAST,
                    Self::MOST
                ));
            }
        }
        Ok(())
    }

    /// How many requests of one connection are answered in a second, when they go on.
    pub fn requests_per_second(&self) -> NonZeroU32 {
        positive(self.requests_per_second)
    }

    /// How many are answered at once.
    pub fn burst(&self) -> NonZeroU32 {
        positive(self.burst)
    }
}

/// Checked already; the least where it was not.
fn positive(number: i64) -> NonZeroU32 {
    let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
    number.unwrap_or(NonZeroU32::MIN)
}

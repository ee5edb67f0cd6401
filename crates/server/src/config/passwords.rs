//! `[passwords]`

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// `[passwords]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Passwords {
    attempts_of_identity_per_minute: i64,
    attempts_of_tenant_per_minute: i64,
}

impl Passwords {
    /// As many as count as no limit.
    const MOST: i64 = 1_000_000;

    pub(super) fn check(&self) -> Result<(), String> {
        for (key, number) in [
            (
                "passwords.attempts_of_identity_per_minute",
                self.attempts_of_identity_per_minute,
            ),
            (
                "passwords.attempts_of_tenant_per_minute",
                self.attempts_of_tenant_per_minute,
            ),
        ] {
            if !(1..=Self::MOST).contains(&number) {
                return Err(format!(
                    "`{key}` must be 1 to {}, not `{number}`",
                    Self::MOST
                ));
            }
        }
        Ok(())
    }

    /// How many attempts at one identity are let through at once, and as many again each minute.
    pub fn attempts_of_identity(&self) -> NonZeroU32 {
        positive(self.attempts_of_identity_per_minute)
    }

    /// How many attempts in one tenant are let through at once, and as many again each minute.
    pub fn attempts_of_tenant(&self) -> NonZeroU32 {
        positive(self.attempts_of_tenant_per_minute)
    }
}

/// Checked already; the least where it was not.
pub(super) fn positive(number: i64) -> NonZeroU32 {
    let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
    number.unwrap_or(NonZeroU32::MIN)
}

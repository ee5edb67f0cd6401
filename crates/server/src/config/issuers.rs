//! `[issuers]`

use std::{num::NonZeroU32, time::Duration};

use ipnet::IpNet;
use palisade_outbound::Reach;
use serde::{Deserialize, Serialize};

use super::passwords::positive;

/// `[issuers]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Issuers {
    allowed_networks: String,
    fetch_timeout_seconds: i64,
    keys_fresh_seconds: i64,
    keys_longest_seconds: i64,
    keys_pause_seconds: i64,
    verified_seconds: i64,
    sign_ins_of_account_per_minute: i64,
    sign_ins_of_provider_per_minute: i64,
}

impl Issuers {
    /// A day, in seconds.
    const MOST: i64 = 86_400;
    /// As many sign-ins as count as no limit.
    const NO_LIMIT: i64 = 1_000_000;

    pub(super) fn check(&self) -> Result<(), String> {
        self.networks()?;
        for (key, number, least, most) in [
            (
                "issuers.fetch_timeout_seconds",
                self.fetch_timeout_seconds,
                1,
                60,
            ),
            (
                "issuers.keys_fresh_seconds",
                self.keys_fresh_seconds,
                1,
                Self::MOST,
            ),
            (
                "issuers.keys_longest_seconds",
                self.keys_longest_seconds,
                self.keys_fresh_seconds,
                Self::MOST,
            ),
            (
                "issuers.keys_pause_seconds",
                self.keys_pause_seconds,
                1,
                Self::MOST,
            ),
            ("issuers.verified_seconds", self.verified_seconds, 0, 300),
            (
                "issuers.sign_ins_of_account_per_minute",
                self.sign_ins_of_account_per_minute,
                1,
                Self::NO_LIMIT,
            ),
            (
                "issuers.sign_ins_of_provider_per_minute",
                self.sign_ins_of_provider_per_minute,
                1,
                Self::NO_LIMIT,
            ),
        ] {
            if !(least..=most).contains(&number) {
                return Err(format!("`{key}` must be {least} to {most}, not `{number}`"));
            }
        }
        Ok(())
    }

    fn networks(&self) -> Result<Vec<IpNet>, String> {
        let parts = self.allowed_networks.split(',').map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(|part| {
                part.parse().map_err(|_| {
                    format!("`issuers.allowed_networks` must be networks such as `10.1.0.0/16`, with commas between them, not `{part}`")
                })
            })
            .collect()
    }

    /// What may be reached of where tenants say.
    pub fn reach(&self) -> Reach {
        // Checked already; where they were not, nothing but the public internet is reached.
        Reach::new(self.networks().unwrap_or_default())
    }

    /// How long a fetch may take.
    pub fn fetch_timeout(&self) -> Duration {
        seconds(self.fetch_timeout_seconds)
    }

    /// How long an issuer's keys are taken without asking again.
    pub fn keys_fresh(&self) -> Duration {
        seconds(self.keys_fresh_seconds)
    }

    /// How long they are taken while the issuer does not answer.
    pub fn keys_longest(&self) -> Duration {
        seconds(self.keys_longest_seconds)
    }

    /// How long an issuer is not asked again.
    pub fn keys_pause(&self) -> Duration {
        seconds(self.keys_pause_seconds)
    }

    /// How many times one account that is linked to nobody is let through at once, and as many again each minute.
    pub fn sign_ins_of_account(&self) -> NonZeroU32 {
        positive(self.sign_ins_of_account_per_minute)
    }

    /// How many times such accounts of one provider are let through at once, and as many again each minute.
    pub fn sign_ins_of_provider(&self) -> NonZeroU32 {
        positive(self.sign_ins_of_provider_per_minute)
    }

    /// How long a token's signature is not checked again.
    pub fn verified(&self) -> Duration {
        seconds(self.verified_seconds)
    }
}

fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}

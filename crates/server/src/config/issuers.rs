//! `[issuers]`

use std::time::Duration;

use ipnet::IpNet;
use palisade_outbound::Reach;
use serde::{Deserialize, Serialize};

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
}

impl Issuers {
    /// A day, in seconds.
    const MOST: i64 = 86_400;

    pub(super) fn check(&self) -> Result<(), String> {
        self.networks()?;
        for (key, seconds, least, most) in [
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
        ] {
            if !(least..=most).contains(&seconds) {
                return Err(format!(
                    "`{key}` must be {least} to {most}, not `{seconds}`"
                ));
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

    /// How long a token's signature is not checked again.
    pub fn verified(&self) -> Duration {
        seconds(self.verified_seconds)
    }
}

fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}

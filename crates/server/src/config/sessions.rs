use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[sessions]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    lifespan_seconds: i64,
    longest_lifespan_seconds: i64,
    retention_seconds: i64,
    cookie_name: String,
}

impl Sessions {
    /// Ten years, in seconds.
    const MOST: i64 = 10 * 366 * 86_400;

    pub(super) fn check(&self) -> Result<(), String> {
        for (key, seconds, least) in [
            (
                "sessions.longest_lifespan_seconds",
                self.longest_lifespan_seconds,
                1,
            ),
            ("sessions.retention_seconds", self.retention_seconds, 0),
        ] {
            if !(least..=Self::MOST).contains(&seconds) {
                return Err(format!(
                    "`{key}` must be {least} to {}, not `{seconds}`",
                    Self::MOST
                ));
            }
        }
        if !(1..=self.longest_lifespan_seconds).contains(&self.lifespan_seconds) {
            return Err(format!(
                "`sessions.lifespan_seconds` must be 1 to `sessions.longest_lifespan_seconds`, which is {}, not `{}`",
                self.longest_lifespan_seconds, self.lifespan_seconds
            ));
        }
        // What RFC 6265 section 4.1.1 lets a cookie be called.
        let good = !self.cookie_name.is_empty()
            && self
                .cookie_name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte));
        if !good {
            return Err(format!(
                "`sessions.cookie_name` must be a cookie's name such as `ory_kratos_session`, not `{}`",
                self.cookie_name
            ));
        }
        Ok(())
    }

    /// How long a session lasts where nothing else is asked for, and from when it is extended.
    pub fn lifespan(&self) -> Duration {
        seconds(self.lifespan_seconds)
    }

    /// How long one can be asked to last.
    pub fn longest_lifespan(&self) -> Duration {
        seconds(self.longest_lifespan_seconds)
    }

    /// How long expired ones are kept.
    pub fn retention(&self) -> Duration {
        seconds(self.retention_seconds)
    }

    /// The cookie that may hold a session's token.
    pub fn cookie_name(&self) -> &str {
        &self.cookie_name
    }
}

fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}

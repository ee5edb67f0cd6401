use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

/// `[server]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    listen: String,
    public_url: String,
    workers: i64,
    shutdown_timeout_seconds: i64,
}

impl Server {
    const MOST_WORKERS: i64 = 1024;
    const LONGEST_SHUTDOWN: i64 = 3600;

    pub(super) fn check(&self) -> Result<(), String> {
        self.listen()?;
        if let Some(given) = self.public_url() {
            let good = url::Url::parse(&given).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
            });
            if !good {
                return Err(format!(
                    "`server.public_url` must be such as `https://id.example.com`, not `{given}`"
                ));
            }
        }
        if !(0..=Self::MOST_WORKERS).contains(&self.workers) {
            return Err(format!(
                "`server.workers` must be 0 to {}, not `{}`",
                Self::MOST_WORKERS,
                self.workers
            ));
        }
        if !(0..=Self::LONGEST_SHUTDOWN).contains(&self.shutdown_timeout_seconds) {
            return Err(format!(
                "`server.shutdown_timeout_seconds` must be 0 to {}, not `{}`",
                Self::LONGEST_SHUTDOWN,
                self.shutdown_timeout_seconds
            ));
        }
        Ok(())
    }

    /// The address that the API listens on.
    ///
    /// # Errors
    /// When it is none.
    pub fn listen(&self) -> Result<SocketAddr, String> {
        super::address("server.listen", &self.listen)
    }

    /// Where callers reach the program, without a slash at the end; `None`: as each request says.
    pub fn public_url(&self) -> Option<String> {
        Some(self.public_url.trim_end_matches('/').to_owned()).filter(|url| !url.is_empty())
    }

    /// The threads that serve requests; one for each core where the configuration says 0.
    pub fn workers(&self) -> usize {
        match usize::try_from(self.workers) {
            Ok(0) | Err(_) => {
                std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
            }
            Ok(workers) => workers,
        }
    }

    /// How long requests in flight have at shutdown.
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.shutdown_timeout_seconds).unwrap_or(0))
    }
}

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// `[metrics]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    listen: String,
}

impl Metrics {
    pub(super) fn check(&self) -> Result<(), String> {
        self.listen().map(|_| ())
    }

    /// The address of `GET /metrics`, if it is to be had.
    ///
    /// # Errors
    /// When it is no address.
    pub fn listen(&self) -> Result<Option<SocketAddr>, String> {
        if self.listen.is_empty() {
            return Ok(None);
        }
        super::address("metrics.listen", &self.listen).map(Some)
    }
}

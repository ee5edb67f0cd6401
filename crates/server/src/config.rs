//! The configuration: one struct and one file a section; `config/default.toml` has every key and its default.
//!
//! Four layers, the later wins: the embedded defaults, the file given with `--config`, the environment
//! (`PALISADE__SECTION__KEY`), and for secrets files named in the environment (`PALISADE__SECTION__KEY_FILE`).
//! To add a key: a line with a comment in `config/default.toml`, a field in the section's struct.

mod database;
mod environment;
mod issuers;
mod keys;
mod load;
mod log;
mod metrics;
mod passwords;
mod scim;
mod server;
mod sessions;
mod telemetry;

use serde::{Deserialize, Serialize};

pub use database::{Database, DatabaseUrl};
pub use environment::{Environment, api_key};
pub use issuers::Issuers;
pub use load::load;
pub use log::{Log, LogFormat};
pub use metrics::Metrics;
pub use passwords::Passwords;
pub use scim::Scim;
pub use server::Server;
pub use sessions::Sessions;
pub use telemetry::Telemetry;

/// The defaults, embedded: every key there is, each with a comment.
pub const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// The whole configuration, checked.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where and how requests are served.
    pub server: Server,
    /// Where everything is kept.
    pub database: Database,
    /// How sessions are.
    pub sessions: Sessions,
    /// How passwords are checked.
    pub passwords: Passwords,
    /// How much a provisioning system may ask.
    pub scim: Scim,
    /// How tokens of issuers are verified.
    pub issuers: Issuers,
    /// Where spans go.
    pub telemetry: Telemetry,
    /// Where metrics can be had.
    pub metrics: Metrics,
    /// How the log looks.
    pub log: Log,
}

impl Config {
    /// Checks what the types can't say.
    fn check(&self) -> Result<(), String> {
        self.server.check()?;
        self.database.check()?;
        self.sessions.check()?;
        self.passwords.check()?;
        self.scim.check()?;
        self.issuers.check()?;
        self.telemetry.check()?;
        self.metrics.check()?;
        self.log.check()
    }

    /// As TOML, with passwords as `***`.
    ///
    /// # Errors
    /// When it can't be written as TOML, which no checked configuration comes to.
    pub fn redacted(&self) -> Result<String, String> {
        toml::to_string(self)
            .map_err(|error| format!("the configuration can't be printed: {error}"))
    }
}

/// An address to listen on from `text`.
fn address(key: &str, text: &str) -> Result<std::net::SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("`{key}` must be an address and a port such as `127.0.0.1:4434` or `[::1]:4434`, not `{text}`")
    })
}

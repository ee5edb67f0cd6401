use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// `[log]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    format: String,
    level: String,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl Log {
    const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

    pub(super) fn check(&self) -> Result<(), String> {
        self.format()?;
        self.filter().map(|_| ())
    }

    /// How a line looks.
    ///
    /// # Errors
    /// When there is no such format.
    pub fn format(&self) -> Result<LogFormat, String> {
        match self.format.as_str() {
            "human" => Ok(LogFormat::Human),
            "json" => Ok(LogFormat::Json),
            other => Err(format!(
                "`log.format` must be `human` or `json`, not `{other}`"
            )),
        }
    }

    /// What is logged.
    ///
    /// # Errors
    /// When the level or the filters can't be read.
    pub fn filter(&self) -> Result<EnvFilter, String> {
        let wrong = || {
            format!(
                "`log.level` must be one of {}, or filters such as `info,palisade_store=debug`, not `{}`",
                Self::LEVELS.join(", "),
                self.level
            )
        };
        // A filter's grammar takes a bare word for a module: `inof` would silence everything.
        let bare = |part: &str| !part.contains(['=', '[']);
        if self
            .level
            .split(',')
            .any(|part| bare(part) && !Self::LEVELS.contains(&part))
        {
            return Err(wrong());
        }
        // Of the libraries below, what is worth a line every day is their warnings.
        let level = if self.level == "info" {
            // A malformed request line is the caller's fault and answered with a 400; it is no error of ours, and
            // whoever sends many must not fill the log.
            "warn,palisade=info,actix_http::h1=off"
        } else {
            &self.level
        };
        EnvFilter::builder().parse(level).map_err(|_| wrong())
    }
}

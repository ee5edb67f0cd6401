use serde::{Deserialize, Serialize};

/// `[telemetry]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    otlp_endpoint: String,
    /// `service.name` of the spans.
    pub service_name: String,
    /// The share of traces kept, 0.0 to 1.0, of those that begin here.
    pub sample_ratio: f64,
}

impl Telemetry {
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(endpoint) = self.otlp_endpoint() {
            let plain =
                url::Url::parse(endpoint).is_ok_and(|url| url.scheme() == "http" && url.has_host());
            if !plain {
                return Err(format!(
                    "`telemetry.otlp_endpoint` must be `http://<host>:<port>` of a collector that speaks gRPC, not `{endpoint}`"
                ));
            }
        }
        if self.service_name.trim().is_empty() {
            return Err("`telemetry.service_name` must not be empty".to_owned());
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            return Err(format!(
                "`telemetry.sample_ratio` must be 0.0 to 1.0, not `{}`",
                self.sample_ratio
            ));
        }
        Ok(())
    }

    /// Where spans go, if anywhere.
    pub fn otlp_endpoint(&self) -> Option<&str> {
        Some(self.otlp_endpoint.as_str()).filter(|endpoint| !endpoint.is_empty())
    }
}

//! Logs to stderr, and spans to a collector where one is configured.

use std::io::IsTerminal as _;

use opentelemetry::{KeyValue, global, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use palisade_tenancy::{Clock as _, SystemClock};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer as _, Registry,
    filter::{FilterExt as _, Targets, filter_fn},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{
    Failure,
    config::{Config, LogFormat, Telemetry as Settings},
};

/// What has to be flushed before the program ends.
pub(crate) struct Telemetry {
    spans: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts logging and, where an endpoint is configured, the export of spans. Once a process, inside of the
    /// runtime: the exporter's connection lives on it.
    pub(crate) fn start(config: &Config) -> Result<Self, Failure> {
        let spans = config
            .telemetry
            .otlp_endpoint()
            .map(|endpoint| exporter(endpoint, &config.telemetry))
            .transpose()?;
        global::set_text_map_propagator(TraceContextPropagator::new());
        let exported = spans.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("palisade"))
                .with_location(false)
                .with_threads(false)
                // Ours alone: the spans of the libraries below would be most of a trace, and those of the
                // exporter's own connection would beget more of themselves.
                .with_filter(Targets::new().with_target("palisade", LevelFilter::INFO))
        });
        let lines = fmt::layer().with_writer(std::io::stderr);
        let lines = match config.log.format()? {
            LogFormat::Human => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
            LogFormat::Json => lines
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .boxed(),
        };
        let level = config.log.filter()?;
        // Events carry what they have to say. The fields of their spans beside it would say it twice, and cost each
        // request their formatting.
        let events = filter_fn(|metadata| metadata.is_event())
            .with_max_level_hint(level.max_level_hint().unwrap_or(LevelFilter::TRACE));
        Registry::default()
            .with(exported)
            .with(lines.with_filter(level.and(events)))
            .try_init()
            .map_err(|error| Failure::new(format!("logging can't be started: {error}")))?;
        Ok(Self { spans })
    }

    /// Sends what is left, for a few seconds at most. The log says where that failed.
    pub(crate) async fn flush(self) {
        let Some(spans) = self.spans else { return };
        match tokio::task::spawn_blocking(move || spans.shutdown()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last spans may be lost"),
            Err(error) => tracing::warn!(%error, "the last spans are lost"),
        }
    }
}

fn exporter(endpoint: &str, settings: &Settings) -> Result<SdkTracerProvider, Failure> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| {
            Failure::new(format!("`telemetry.otlp_endpoint` can't be used: {error}"))
        })?;
    // Random with each start, as OpenTelemetry asks of it: what tells this node from its neighbours.
    let instance = palisade_identity::ids::uuid_at(SystemClock.now()).to_string();
    let resource = Resource::builder_empty()
        .with_service_name(settings.service_name.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", instance))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            settings.sample_ratio,
        ))))
        .build())
}

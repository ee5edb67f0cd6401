//! The root span of a request, by OpenTelemetry's semantic conventions for HTTP servers.

use actix_web::{
    dev::ServiceRequest,
    http::header::{HeaderMap, HeaderName, HeaderValue},
};
use opentelemetry::{
    global,
    propagation::{Extractor, Injector},
    trace::TraceContextExt as _,
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::{routes::Operation, trail::Trail};

/// Opens the span of a request that has found its operation, as a child of the caller's `traceparent`.
pub(crate) fn open(request: &ServiceRequest, operation: &Operation, trail: &Trail) -> Span {
    let span = tracing::info_span!(
        "http.request",
        otel.name = operation.span.as_str(),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.request.method = operation.method.as_str(),
        http.route = operation.path.as_str(),
        http.response.status_code = tracing::field::Empty,
        network.protocol.version = protocol(request.version()),
        request_id = &*trail.request_id,
        tenant.id = tracing::field::Empty,
        action = tracing::field::Empty,
        decision = tracing::field::Empty,
    );
    if !span.is_disabled() && request.headers().contains_key("traceparent") {
        let parent = global::get_text_map_propagator(|propagator| {
            propagator.extract(&Incoming(request.headers()))
        });
        // Refused only where no OpenTelemetry layer listens; then there is no trace to join.
        let _ = span.set_parent(parent);
    }
    span
}

/// Writes down what became known since the span was opened.
pub(super) fn close(trail: &Trail, status: u16) {
    let Some(span) = trail.span.get() else { return };
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
    if let Some(caller) = trail.caller.get() {
        span.record("tenant.id", tracing::field::display(caller.tenant()));
    }
    if let (Some(action), Some(decision)) = (trail.action.get(), trail.decision.get()) {
        span.record("action", action);
        span.record("decision", decision);
    }
}

/// Tells the caller the trace of its request, where there is one.
pub(crate) fn inject(headers: &mut HeaderMap, trail: &Trail) {
    let Some(span) = trail.span.get() else { return };
    let context = span.context();
    if context.span().span_context().is_valid() {
        global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&context, &mut Outgoing(headers))
        });
    }
}

fn protocol(version: actix_web::http::Version) -> &'static str {
    match version {
        actix_web::http::Version::HTTP_10 => "1.0",
        actix_web::http::Version::HTTP_2 => "2",
        _ => "1.1",
    }
}

struct Incoming<'a>(&'a HeaderMap);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Outgoing<'a>(&'a mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        // `tracestate` and baggage are for those downstream of us, not for the caller.
        if key == "traceparent"
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            self.0.insert(HeaderName::from_static("traceparent"), value);
        }
    }
}

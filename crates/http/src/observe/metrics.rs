//! Counts and durations with bounded labels: routes are those of the table, nothing of the caller's is a label.

use std::{sync::Arc, time::Duration};

use actix_web::{dev::ServiceResponse, http::Method};
use metrics::SharedString;

use crate::trail::Trail;

pub(super) fn measure(response: &ServiceResponse, trail: &Trail, status: u16, took: Duration) {
    let (route, method) = match trail.operation.get() {
        Some(operation) => (
            SharedString::from(Arc::clone(&operation.label)),
            known(&operation.method),
        ),
        None => (
            SharedString::const_str("unmatched"),
            known(response.request().method()),
        ),
    };
    metrics::counter!(
        "palisade_http_requests_total",
        "route" => route.clone(),
        "method" => method,
        "status_class" => class(status),
    )
    .increment(1);
    metrics::histogram!("palisade_http_request_duration_seconds", "route" => route, "method" => method)
        .record(took.as_secs_f64());
}

/// A caller can send any word as a method; those that we know are labels, the rest are one.
fn known(method: &Method) -> &'static str {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|word| method.as_str() == *word)
        .unwrap_or("other")
}

fn class(status: u16) -> &'static str {
    match status {
        0..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

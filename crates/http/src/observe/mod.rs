//! What a request leaves behind: a span, a log line, two measurements. Never a secret, trait, query or token.

mod log;
mod metrics;
mod span;

use std::time::Duration;

use actix_web::dev::ServiceResponse;

pub(crate) use log::failed;
pub(crate) use span::{inject, open};

use crate::trail::Trail;

/// Writes down a request that has its reply.
pub(crate) fn finished(response: &ServiceResponse, trail: &Trail, took: Duration) {
    let status = response.status().as_u16();
    span::close(trail, status);
    log::line(response, trail, status, took);
    metrics::measure(response, trail, status, took);
}

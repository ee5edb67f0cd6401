//! The canonical line of a request, and the causes of failures.

use std::time::Duration;

use actix_web::dev::ServiceResponse;
use palisade_envelope::Error;

use crate::trail::Trail;

/// One line a request. Empty values are left out by the formatter's rules.
pub(super) fn line(response: &ServiceResponse, trail: &Trail, status: u16, took: Duration) {
    let _entered = trail.span.get().map(tracing::Span::enter);
    let operation = trail.operation.get();
    let caller = trail.caller.get();
    let milliseconds = took.as_secs_f64() * 1_000.0;
    tracing::info!(
        target: "palisade::request",
        method = response.request().method().as_str(),
        route = operation.map_or("unmatched", |operation| operation.path.as_str()),
        status,
        duration_ms = (milliseconds * 1_000.0).round() / 1_000.0,
        tenant.id = caller.map(|caller| tracing::field::display(caller.tenant())),
        principal = caller.map(|caller| {
            tracing::field::display(format_args_of(caller.principal().kind(), caller.principal().id()))
        }),
        action = trail.action.get(),
        decision = trail.decision.get(),
        request_id = &*trail.request_id,
        "request"
    );
}

fn format_args_of(kind: &'static str, id: palisade_tenancy::PrincipalId) -> String {
    format!("{kind}/{id}")
}

/// Logs what the caller is not told: the cause of a fault of ours, or of what looked like one.
pub(crate) fn failed(error: &Error, trail: &Trail) {
    let _entered = trail.span.get().map(tracing::Span::enter);
    let (code, request_id) = (error.code().as_str(), &*trail.request_id);
    match (error.code().status(), error.cause()) {
        (500.., cause) => tracing::error!(
            code,
            request_id,
            cause = cause.map(tracing::field::debug),
            "failed"
        ),
        (_, Some(cause)) => tracing::debug!(code, request_id, cause = %cause, "refused"),
        (_, None) => {}
    }
}

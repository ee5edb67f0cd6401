//! The outermost middleware: request id in and out, errors rendered in the dialect of the path, notices in their
//! header, one log line and one measurement a request.

use std::{rc::Rc, sync::Arc, time::Instant};

use actix_web::{
    HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use palisade_envelope::{Code, Error};

use crate::{dialect::Dialect, observe, problem::Problem, render, request_id, trail::Trail};

/// Headers that are looked at here and would mean two things when sent twice. The credential's and the tenant's are
/// the admission's to look at.
const UNIQUE: [&str; 5] = [
    "x-request-id",
    "content-type",
    "host",
    "idempotency-key",
    "traceparent",
];

/// Lets a request through and sees its reply out.
///
/// # Errors
/// None of its own; those of the framework.
pub(crate) async fn door<B: MessageBody + 'static>(
    clock: Arc<dyn palisade_tenancy::Clock>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let dialect = Dialect::of(request.path());
    let trail = Rc::new(Trail::new(request_id::of(request.headers(), || {
        clock.now()
    })));
    request.extensions_mut().insert(Rc::clone(&trail));
    let twice = UNIQUE
        .iter()
        .find(|name| request.headers().get_all(**name).nth(1).is_some());
    let refused = match twice {
        Some(name) => Some(sent_twice(name)),
        None => disguised(request.uri().path()),
    };
    let response = match refused {
        Some(error) => request.error_response(Problem::from(error)),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let mut response = rendered(response, dialect, &trail);
    dress(response.response_mut(), &trail);
    observe::finished(&response, &trail, started.elapsed());
    Ok(response)
}

fn sent_twice(name: &str) -> Error {
    Error::with_message(
        Code::InvalidHeader,
        format!("the header `{name}` must be sent once"),
    )
    .detail("field", name)
}

/// A first segment in disguise, which would be of one dialect here and of another to the router.
fn disguised(path: &str) -> Option<Error> {
    let first = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    first
        .contains('%')
        .then(|| Error::with_message(Code::NotFound, "there is nothing at this path"))
}

/// Gives an error its body.
fn rendered(response: ServiceResponse, dialect: Dialect, trail: &Trail) -> ServiceResponse {
    let Some(error) = response.response().error() else {
        return response;
    };
    let body = match error.as_error::<Problem>() {
        Some(problem) => {
            observe::failed(problem.error(), trail);
            render::problem(problem, dialect, &trail.request_id)
        }
        None => {
            // The framework's own refusals: a request line or a path that it can't make sense of.
            let status = error.as_response_error().status_code();
            let code = if status.is_client_error() {
                Code::InvalidRequest
            } else {
                Code::Internal
            };
            let problem = Problem::from(Error::new(code).caused_by(error.to_string()));
            observe::failed(problem.error(), trail);
            render::problem(&problem, dialect, &trail.request_id)
        }
    };
    response.into_response(body)
}

fn dress(response: &mut HttpResponse, trail: &Trail) {
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&trail.request_id) {
        headers.insert(HeaderName::from_static(request_id::HEADER), value);
    }
    headers.insert(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    if !failed {
        for notice in trail.notices.borrow().iter() {
            if let Ok(value) = HeaderValue::from_str(&header_text(notice.as_str())) {
                headers.append(HeaderName::from_static("palisade-notice"), value);
            }
        }
    }
    observe::inject(headers, trail);
}

/// The notice in the characters that every client reads from a header alike; others are percent-encoded as UTF-8.
fn header_text(notice: &str) -> String {
    const OTHER: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS.add(b'%');
    percent_encoding::utf8_percent_encode(notice, OTHER).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_shows_its_surface() {
        assert!(disguised("/admin/identities/by/external/%C3%BC%2F").is_none());
        let code = disguised("/%61dmin/identities").map(|error| error.code());
        assert_eq!(code, Some(Code::NotFound));
    }

    #[test]
    fn a_notice_stands_in_ascii() {
        assert_eq!(header_text("ask ops"), "ask ops");
        assert_eq!(header_text("für 100%"), "f%C3%BCr 100%25");
    }
}

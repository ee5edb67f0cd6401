//! The id of a request: the caller's, where it is fit to stand in headers and logs, else one of ours.

use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use palisade_identity::{Timestamp, ids};

/// The header that it is taken from and echoed in.
pub(crate) const HEADER: &str = "x-request-id";

/// The id that the caller sent: 1 to 128 visible ASCII characters; anything else is replaced.
pub(crate) fn of(headers: &HeaderMap, now: impl FnOnce() -> Timestamp) -> Arc<str> {
    headers
        .get(HEADER)
        .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
        .filter(|text| {
            (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .map_or_else(|| ids::uuid_at(now()).to_string().into(), Into::into)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn id(value: &[u8]) -> Arc<str> {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static(HEADER),
            HeaderValue::from_bytes(value).expect("value"),
        );
        of(&headers, || {
            chrono::DateTime::from_timestamp_millis(1_700_000_000_000).expect("in range")
        })
    }

    #[test]
    fn a_fit_id_is_kept_and_any_other_replaced() {
        assert_eq!(&*id(b"trace-17"), "trace-17");
        for unfit in [&b""[..], b"two words", &[b'a'; 129], b"\xff\xfe"] {
            assert_eq!(id(unfit).len(), 36);
        }
    }
}

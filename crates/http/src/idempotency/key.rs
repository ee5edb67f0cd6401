//! The key as it is sent.

use actix_web::http::header::HeaderValue;
use palisade_envelope::{Code, Error, Result};

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// Reads the header: 1 to 255 printable ASCII characters.
///
/// # Errors
/// `invalid_header` naming it.
pub(super) fn parse(header: &HeaderValue) -> Result<String> {
    header
        .to_str()
        .ok()
        .filter(|key| (1..=LONGEST).contains(&key.len()))
        .filter(|key| key.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
        .map(str::to_owned)
        .ok_or_else(|| {
            let expected = format!("1 to {LONGEST} printable ASCII characters");
            Error::with_message(
                Code::InvalidHeader,
                format!("the header `Idempotency-Key` must be {expected}"),
            )
            .detail("field", "Idempotency-Key")
            .detail("expected", expected)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_printable() {
        let read = |bytes: &[u8]| parse(&HeaderValue::from_bytes(bytes).expect("a value"));
        for good in [
            "a",
            "018f4b1e-0000-7000-8000-000000000001",
            "\"quoted, too\"",
        ] {
            assert_eq!(read(good.as_bytes()).expect(good), good);
        }
        assert_eq!(read(&[b'k'; 255]).expect("fits").len(), 255);
        for bad in [
            &b""[..],
            &[b'k'; 256],
            "schlüssel".as_bytes(),
            b"\xff",
            b"a\tb",
        ] {
            let error = read(bad).expect_err("refused");
            assert_eq!(error.code(), Code::InvalidHeader);
            assert_eq!(error.envelope().details["field"], "Idempotency-Key");
        }
    }
}

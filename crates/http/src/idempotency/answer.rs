//! What is kept of an answer, sealed: it may hold a secret that is shown once, and always holds what a tenant keeps.
//!
//! The key comes from the caller's own credential, of which the database has a hash only. So nobody but that caller
//! can read an answer, whoever has the database; and the fingerprint of a request gives away no password in it.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use palisade_envelope::{Error, Result};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

/// An answer as it is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    head: Head,
    body: Bytes,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    status: u16,
    /// Those that the handler set; the door adds its own to each answer anew.
    headers: Vec<(String, String)>,
}

impl Answer {
    /// What is to be kept of this response.
    pub(super) fn of<B>(response: &HttpResponse<B>, body: Bytes) -> Self {
        let headers = response
            .headers()
            .iter()
            .filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            })
            .collect();
        Self {
            head: Head {
                status: response.status().as_u16(),
                headers,
            },
            body,
        }
    }

    /// The response again.
    pub(super) fn into_response(self) -> HttpResponse<BoxBody> {
        let status = StatusCode::from_u16(self.head.status).unwrap_or(StatusCode::OK);
        let mut builder = HttpResponseBuilder::new(status);
        for header in self.head.headers {
            builder.append_header(header);
        }
        builder.body(self.body)
    }
}

/// Seals answers and takes fingerprints, for one caller.
pub(super) struct Sealer {
    secret: Zeroizing<[u8; 32]>,
}

impl Sealer {
    /// For the caller who has this secret.
    pub(super) const fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        Self { secret }
    }

    fn derive(&self, purpose: &str, parts: &[&[u8]]) -> Result<[u8; 32]> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.as_slice()).map_err(Error::internal)?;
        // Lengths go in, too, so that no part can be moved into the next.
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            let length = u64::try_from(part.len()).map_err(Error::internal)?;
            mac.update(&length.to_be_bytes());
            mac.update(part);
        }
        Ok(mac.finalize().into_bytes().into())
    }

    /// What tells this request from others: method, path, query and body.
    ///
    /// # Errors
    /// `internal` never in practice.
    pub(super) fn fingerprint(&self, request: &HttpRequest, body: &[u8]) -> Result<[u8; 32]> {
        let target = request
            .uri()
            .path_and_query()
            .map_or_else(|| request.uri().path(), |target| target.as_str());
        let mut parts = vec![
            request.method().as_str().as_bytes(),
            target.as_bytes(),
            body,
        ];
        // Another revision is another request. Only where it was sent: most have none, and theirs stay what they were.
        let revisions = request.headers().get_all(header::IF_MATCH);
        parts.extend(revisions.map(HeaderValue::as_bytes));
        self.derive("request", &parts)
    }

    /// The key of one attempt's answer. It seals one text, so that the nonce need not vary.
    fn key(&self, attempt: Uuid) -> Result<LessSafeKey> {
        let key = Zeroizing::new(self.derive("answer", &[attempt.as_bytes()])?);
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_slice()).map_err(unsealable)?;
        Ok(LessSafeKey::new(key))
    }

    /// The answer as the database keeps it.
    ///
    /// # Errors
    /// `internal` where it can't be sealed.
    pub(super) fn seal(&self, attempt: Uuid, answer: &Answer) -> Result<Vec<u8>> {
        let head = serde_json::to_vec(&answer.head).map_err(Error::internal)?;
        let length = u32::try_from(head.len()).map_err(Error::internal)?;
        let mut text = [&length.to_be_bytes(), head.as_slice(), &answer.body].concat();
        self.key(attempt)?
            .seal_in_place_append_tag(nonce(), Aad::empty(), &mut text)
            .map_err(unsealable)?;
        Ok(text)
    }

    /// The answer that the database kept.
    ///
    /// # Errors
    /// `internal` where it is not what this caller's attempt was answered.
    pub(super) fn open(&self, attempt: Uuid, mut sealed: Vec<u8>) -> Result<Answer> {
        let text = self
            .key(attempt)?
            .open_in_place(nonce(), Aad::empty(), &mut sealed)
            .map_err(unsealable)?;
        let cut = || Error::internal("a recorded answer is cut short");
        let (length, rest) = text.split_first_chunk().ok_or_else(cut)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(Error::internal)?;
        let (head, body) = rest.split_at_checked(length).ok_or_else(cut)?;
        Ok(Answer {
            head: serde_json::from_slice(head).map_err(Error::internal)?,
            body: Bytes::copy_from_slice(body),
        })
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn unsealable(_: ring::error::Unspecified) -> Error {
    Error::internal("a recorded answer can't be sealed or opened")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(Zeroizing::new([byte; 32]))
    }

    fn answer() -> Answer {
        let response = HttpResponse::Created()
            .insert_header(("location", "/v1/api-keys/1"))
            .finish();
        Answer::of(&response, Bytes::from_static(b"{\"secret\":\"pal_x\"}\n"))
    }

    #[test]
    fn an_answer_comes_back_whole_and_shows_nothing_meanwhile() {
        let attempt = Uuid::from_u128(1);
        let sealed = sealer(7).seal(attempt, &answer()).expect("seals");
        assert!(!sealed.windows(4).any(|part| part == b"pal_"));
        let opened = sealer(7).open(attempt, sealed).expect("opens");
        assert_eq!(opened, answer());
        let response = opened.into_response();
        assert_eq!(response.status(), 201);
        assert_eq!(
            response.headers().get("location").expect("is there"),
            "/v1/api-keys/1"
        );
    }

    #[test]
    fn nobody_else_opens_it_and_no_other_attempt_has_it() {
        let attempt = Uuid::from_u128(1);
        let sealed = sealer(7).seal(attempt, &answer()).expect("seals");
        assert!(sealer(8).open(attempt, sealed.clone()).is_err());
        assert!(sealer(7).open(Uuid::from_u128(2), sealed.clone()).is_err());
        let mut changed = sealed;
        changed[0] ^= 1;
        assert!(sealer(7).open(attempt, changed).is_err());
        assert!(sealer(7).open(attempt, Vec::new()).is_err());
    }

    #[test]
    fn a_fingerprint_tells_path_query_body_and_caller_apart() {
        let print = |sealer: &Sealer, path: &str, body: &[u8]| {
            let request = TestRequest::post().uri(path).to_http_request();
            sealer.fingerprint(&request, body).expect("a fingerprint")
        };
        let one = print(&sealer(7), "/v1/users", b"{}");
        assert_eq!(one, print(&sealer(7), "/v1/users", b"{}"));
        for other in [
            print(&sealer(8), "/v1/users", b"{}"),
            print(&sealer(7), "/v1/users?", b"{}"),
            print(&sealer(7), "/v1/user", b"s{}"),
            print(&sealer(7), "/v1/users", b"{ }"),
        ] {
            assert_ne!(one, other);
        }
    }
}

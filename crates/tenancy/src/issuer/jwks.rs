//! An issuer's keys (RFC 7517): those that signatures can be checked with, and nothing else of what it publishes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use palisade_identity::{json, provider::TokenAlgorithm};
use serde_json::{Map, Value};

/// The most bytes that a document of keys may have, and the one that leads to it.
pub(super) const MOST_BYTES: usize = 256 * 1024;
/// The most keys that an issuer may have.
const MOST_KEYS: usize = 100;
/// The longest name of a key, in bytes.
pub(super) const LONGEST_KID: usize = 255;

/// What kind of key it is; each algorithm goes with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

const fn kind_of(algorithm: TokenAlgorithm) -> Kind {
    match algorithm {
        TokenAlgorithm::Rs256
        | TokenAlgorithm::Rs384
        | TokenAlgorithm::Rs512
        | TokenAlgorithm::Ps256
        | TokenAlgorithm::Ps384
        | TokenAlgorithm::Ps512 => Kind::Rsa,
        TokenAlgorithm::Es256 => Kind::P256,
        TokenAlgorithm::Es384 => Kind::P384,
        TokenAlgorithm::EdDsa => Kind::Ed25519,
    }
}

struct Key {
    kid: Option<String>,
    kind: Kind,
    /// The only one that it is for, where the issuer says so.
    algorithm: Option<TokenAlgorithm>,
    key: DecodingKey,
}

/// An issuer's keys.
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// The keys of this document. Keys that no signature could be checked with are passed over: other kinds, other uses,
    /// shared secrets, and those whose private half is published.
    ///
    /// # Errors
    /// What is wrong with the document as a whole.
    pub(super) fn parse(document: &[u8]) -> Result<Self, &'static str> {
        let document = json::parse(document).map_err(|_| "the keys are no JSON")?;
        let keys = document
            .get("keys")
            .and_then(Value::as_array)
            .ok_or("the document has no array `keys`")?;
        if keys.len() > MOST_KEYS {
            return Err("the issuer has more than 100 keys");
        }
        Ok(Self(
            keys.iter()
                .filter_map(Value::as_object)
                .filter_map(key)
                .collect(),
        ))
    }

    /// The key that a token of this header could be signed with. None where several fit: trying all of them would let each
    /// stand for each, and cost whoever asks nothing but us a lot.
    pub(super) fn fitting(
        &self,
        kid: Option<&str>,
        algorithm: TokenAlgorithm,
    ) -> Option<&DecodingKey> {
        let fits = |key: &&Key| {
            key.kind == kind_of(algorithm)
                && key.algorithm.is_none_or(|only| only == algorithm)
                && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid))
        };
        let mut found = self.0.iter().filter(fits).map(|key| &key.key);
        found.next().filter(|_| found.next().is_none())
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeySet({} keys)", self.0.len())
    }
}

fn key(jwk: &Map<String, Value>) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let for_signatures = match jwk.get("use") {
        None => true,
        Some(usage) => usage == "sig",
    };
    let verifies = match jwk.get("key_ops") {
        None => true,
        Some(operations) => operations
            .as_array()?
            .iter()
            .any(|operation| operation == "verify"),
    };
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
        .iter()
        .any(|name| jwk.contains_key(*name));
    if !for_signatures || !verifies || private {
        return None;
    }
    let kid = match jwk.get("kid") {
        None => None,
        Some(kid) => Some(
            kid.as_str()
                .filter(|kid| kid.len() <= LONGEST_KID)?
                .to_owned(),
        ),
    };
    let algorithm = match jwk.get("alg") {
        None => None,
        Some(algorithm) => Some(TokenAlgorithm::parse(algorithm.as_str()?)?),
    };
    let bytes = |name: &str, length: usize| {
        let bytes = URL_SAFE_NO_PAD.decode(text(name)?).ok()?;
        (bytes.len() == length).then_some(bytes)
    };
    let point = |length: usize| Some([vec![4], bytes("x", length)?, bytes("y", length)?].concat());
    let (kind, key) = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let (n, e) = (
                URL_SAFE_NO_PAD.decode(text("n")?).ok()?,
                URL_SAFE_NO_PAD.decode(text("e")?).ok()?,
            );
            if !(256..=1024).contains(&n.len()) || !(1..=8).contains(&e.len()) {
                return None;
            }
            (Kind::Rsa, DecodingKey::from_rsa_raw_components(&n, &e))
        }
        ("EC", Some("P-256")) => (Kind::P256, DecodingKey::from_ec_der(&point(32)?)),
        ("EC", Some("P-384")) => (Kind::P384, DecodingKey::from_ec_der(&point(48)?)),
        ("OKP", Some("Ed25519")) => (Kind::Ed25519, DecodingKey::from_ed_der(&bytes("x", 32)?)),
        _ => return None,
    };
    if algorithm.is_some_and(|only| kind_of(only) != kind) {
        return None;
    }
    Some(Key {
        kid,
        kind,
        algorithm,
        key,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(keys: Value) -> KeySet {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).expect("a set")
    }

    fn ec(kid: &str) -> Value {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        json!({"kty": "EC", "crv": "P-256", "x": x, "y": x, "kid": kid, "use": "sig"})
    }

    #[test]
    fn abuse_17_a_key_is_for_the_algorithms_of_its_kind_only() {
        let set = set(json!([ec("a")]));
        assert!(set.fitting(Some("a"), TokenAlgorithm::Es256).is_some());
        for algorithm in TokenAlgorithm::ALL
            .iter()
            .filter(|one| **one != TokenAlgorithm::Es256)
        {
            assert!(
                set.fitting(Some("a"), *algorithm).is_none(),
                "{algorithm:?}"
            );
        }
        assert!(set.fitting(Some("b"), TokenAlgorithm::Es256).is_none());
    }

    #[test]
    fn abuse_27_keys_that_check_no_signature_are_passed_over() {
        let with = |name: &str, value: Value| {
            let mut key = ec("a");
            key[name] = value;
            key
        };
        for key in [
            with("use", json!("enc")),
            with("key_ops", json!(["encrypt"])),
            with("d", json!("AQ")),
            with("alg", json!("RS256")),
            with("alg", json!("HS256")),
            with("alg", json!("none")),
            with("crv", json!("P-521")),
            with("x", json!("AQ")),
            with("kid", json!(7)),
            with("kid", json!("x".repeat(300))),
            json!({"kty": "oct", "k": "c2VjcmV0", "kid": "a"}),
            json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode([1; 128]), "e": "AQAB", "kid": "a"}),
            json!({"kid": "a"}),
            json!("a"),
        ] {
            let set = set(json!([key, ec("b")]));
            for algorithm in TokenAlgorithm::ALL {
                assert!(
                    set.fitting(Some("a"), *algorithm).is_none(),
                    "{key} for {algorithm:?}"
                );
            }
            assert!(set.fitting(Some("b"), TokenAlgorithm::Es256).is_some());
        }
    }

    #[test]
    fn abuse_27_documents_that_are_none_or_too_many_keys_are_errors() {
        for document in [
            "",
            "[]",
            "{}",
            r#"{"keys": {}}"#,
            r#"{"keys": [], "keys": []}"#,
        ] {
            assert!(KeySet::parse(document.as_bytes()).is_err(), "{document}");
        }
        let many: Vec<Value> = (0..101).map(|number| ec(&number.to_string())).collect();
        assert!(KeySet::parse(json!({ "keys": many }).to_string().as_bytes()).is_err());
    }

    #[test]
    fn a_token_is_checked_with_one_key_and_with_none_where_several_fit() {
        let one = set(json!([ec("a"), ec("b")]));
        assert!(one.fitting(Some("a"), TokenAlgorithm::Es256).is_some());
        assert!(one.fitting(None, TokenAlgorithm::Es256).is_none());
        let alone = set(json!([ec("a")]));
        assert!(alone.fitting(None, TokenAlgorithm::Es256).is_some());
        let alike = set(json!([ec("a"), ec("a")]));
        assert!(alike.fitting(Some("a"), TokenAlgorithm::Es256).is_none());
    }
}

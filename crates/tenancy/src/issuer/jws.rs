//! A token taken apart and checked (RFC 7515, RFC 7519, RFC 8725): what it says is looked at strictly, before and beside
//! what `jsonwebtoken` looks at.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use palisade_identity::{
    Timestamp, TokenRules, json,
    provider::{TokenAlgorithm, TokenType},
};
use serde_json::{Map, Value};

use super::jwks::LONGEST_KID;

/// The longest token, in bytes.
const LONGEST: usize = 16 * 1024;
/// How many seconds the clocks of issuer and gateway may be apart.
const LEEWAY: i64 = 30;
/// What lies beyond is no time of a token: the year 9999.
const END_OF_TIME: i64 = 253_402_300_799;

/// Whether this is a token in form: of three parts, the first of which begins as a JSON object does.
pub(crate) fn looks_like_one(presented: &[u8]) -> bool {
    presented.starts_with(b"eyJ") && presented.iter().filter(|byte| **byte == b'.').count() == 2
}

/// A token whose signature was not checked: what it claims decides only whose keys it is checked with.
pub(super) struct Unverified<'a> {
    token: &'a str,
    algorithm: TokenAlgorithm,
    kid: Option<String>,
    kind: Option<String>,
    claims: Map<String, Value>,
}

impl<'a> Unverified<'a> {
    /// The token that this text is; `None` where it is none that could be taken, whoever signed it.
    pub(super) fn parse(token: &'a str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let mut parts = token.split('.');
        let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || signature.is_empty() {
            return None;
        }
        let object = |part: &str| match json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
            Value::Object(members) => Some(members),
            _ => None,
        };
        let header = object(header)?;
        // What must be understood is not understood here; keys come from the issuer, never from the token; what is
        // encrypted or nested is no access token.
        const REFUSED: [&str; 8] = ["crit", "b64", "jku", "x5u", "jwk", "enc", "zip", "cty"];
        if REFUSED.iter().any(|name| header.contains_key(*name)) {
            return None;
        }
        let text = |name: &str| match header.get(name) {
            None => Some(None),
            Some(value) => value.as_str().map(|text| Some(text.to_owned())),
        };
        let kid = text("kid")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > LONGEST_KID) {
            return None;
        }
        Some(Self {
            token,
            algorithm: TokenAlgorithm::parse(header.get("alg")?.as_str()?)?,
            kid,
            kind: text("typ")?,
            claims: object(claims)?,
        })
    }

    /// The name of the key.
    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithm.
    pub(super) const fn algorithm(&self) -> TokenAlgorithm {
        self.algorithm
    }

    /// Whether it claims to be of this issuer and for one of these audiences.
    pub(super) fn is_of(&self, issuer: &str, audiences: &[String]) -> bool {
        let ours = |audience: &Value| {
            audience
                .as_str()
                .is_some_and(|audience| audiences.iter().any(|one| one == audience))
        };
        let for_us = match self.claims.get("aud") {
            Some(Value::Array(several)) => several.iter().any(ours),
            Some(one) => ours(one),
            None => false,
        };
        for_us && self.claims.get("iss").and_then(Value::as_str) == Some(issuer)
    }

    /// Whether the rules take such tokens at all: the algorithm, and what kind of token it is.
    pub(super) fn fits(&self, rules: &TokenRules) -> bool {
        rules.algorithms.contains(&self.algorithm)
            && rules.types.iter().any(|kind| match kind {
                TokenType::AccessToken => self.kind.as_deref().is_some_and(|kind| {
                    let kind = kind.to_ascii_lowercase();
                    kind.strip_prefix("application/").unwrap_or(&kind) == "at+jwt"
                }),
                TokenType::Jwt => {
                    // RFC 8725 section 3.11: what only tokens for other ends have. ID tokens, and those that tell of events.
                    const OTHERS: [&str; 7] = [
                        "nonce", "at_hash", "c_hash", "s_hash", "events", "sub_id", "toe",
                    ];
                    // As Keycloak and Cognito say it.
                    let says_other = |name: &str, others: &[&str]| {
                        let said = self.claims.get(name).and_then(Value::as_str);
                        said.is_some_and(|said| {
                            others.iter().any(|other| said.eq_ignore_ascii_case(other))
                        })
                    };
                    self.kind
                        .as_deref()
                        .is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"))
                        && !says_other("typ", &["ID", "Refresh", "Logout", "Offline"])
                        && !says_other("token_use", &["id", "refresh"])
                        && !OTHERS.iter().any(|name| self.claims.contains_key(*name))
                }
            })
    }

    /// Whether it counts at `now`.
    fn counts_at(&self, now: Timestamp) -> Option<i64> {
        let now = now.timestamp();
        // A missing claim is `None`, one that is no whole number of seconds refuses the token.
        let time = |name: &str| match self.claims.get(name) {
            None => Some(None),
            Some(value) => value
                .as_i64()
                .filter(|time| (0..=END_OF_TIME).contains(time))
                .map(Some),
        };
        let begins = [time("nbf")?, time("iat")?];
        let ends = time("exp")??;
        let begun = begins.iter().flatten().all(|begin| *begin <= now + LEEWAY);
        (begun && ends > now - LEEWAY).then_some(ends)
    }

    /// Its claims and its end, in seconds since 1970, where the key signed it and it counts at `now`.
    pub(super) fn verify(
        self,
        key: &DecodingKey,
        issuer: &str,
        rules: &TokenRules,
        now: Timestamp,
    ) -> Option<(Map<String, Value>, i64)> {
        if !self.is_of(issuer, &rules.audiences) || !self.fits(rules) {
            return None;
        }
        let mut validation = Validation::new(algorithm(self.algorithm));
        validation.set_audience(&rules.audiences);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // By the program's own clock, below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let signed =
            jsonwebtoken::decode::<Map<String, Value>>(self.token, key, &validation).is_ok();
        let ends = signed.then(|| self.counts_at(now)).flatten()?;
        Some((self.claims, ends))
    }
}

const fn algorithm(algorithm: TokenAlgorithm) -> Algorithm {
    match algorithm {
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::Rs384 => Algorithm::RS384,
        TokenAlgorithm::Rs512 => Algorithm::RS512,
        TokenAlgorithm::Ps256 => Algorithm::PS256,
        TokenAlgorithm::Ps384 => Algorithm::PS384,
        TokenAlgorithm::Ps512 => Algorithm::PS512,
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::Es384 => Algorithm::ES384,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

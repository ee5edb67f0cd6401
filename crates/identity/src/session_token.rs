//! Signed tokens that say what a session says, for services that ask nobody: what goes into one.

use std::collections::BTreeMap;

use palisade_envelope::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{Identity, Session, Timestamp, patch::Pointer};

/// The shortest and the longest that a token can be asked to last, in seconds.
pub const TTL_SECONDS: std::ops::RangeInclusive<u64> = 1..=86_400;
/// How long it lasts where nothing is said, in seconds: as at Ory.
pub const USUAL_TTL_SECONDS: u64 = 60;
/// How many claims a template may add.
pub const MOST_CLAIMS: usize = 50;
/// How many audiences a template may name.
pub const MOST_AUDIENCES: usize = 20;
/// The most bytes that the claims of a token may have as JSON: it travels in a header.
pub const MOST_BYTES: usize = 6 * 1024;
/// Claims that no template can set.
pub const RESERVED_CLAIMS: &[&str] = &["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid"];

/// What the token says that a session is turned into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTokenTemplate {
    /// How long it lasts, in seconds; never longer than the session.
    pub ttl_seconds: u64,
    /// Claims by name, each a JSON Pointer into the session as `whoami` answers it.
    pub claims: BTreeMap<String, String>,
    /// `aud`; left out where empty.
    pub audience: Vec<String>,
    /// What `sub` is.
    pub subject_source: SubjectSource,
}

/// What a token calls its subject by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectSource {
    /// The identity's id.
    #[default]
    Id,
    /// Its external id.
    ExternalId,
}

impl SubjectSource {
    /// As it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::ExternalId => "external_id",
        }
    }

    /// The source that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Id, Self::ExternalId]
            .into_iter()
            .find(|source| source.as_str() == word)
    }
}

/// What a template's name must be, for error messages.
pub const TEMPLATE_NAME: &str = "1 to 63 characters `A` to `Z`, `a` to `z`, `0` to `9`, `.`, `_` and `-`, the first a letter or digit";

/// Whether a template may have this name.
pub fn is_template_name(name: &str) -> bool {
    name.len() <= 63
        && name
            .bytes()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-'))
}

/// Checks a claim that a template adds: its name, and the place in the session that its value is taken from.
///
/// # Errors
/// `invalid_request` naming the claim.
pub fn check_claim(name: &str, place: &str) -> Result<()> {
    let field = || format!("claims.{name}");
    if name.is_empty()
        || name.chars().count() > 64
        || name.chars().any(char::is_control)
        || name.trim() != name
    {
        return Err(Error::field(
            "claims",
            "names of 1 to 64 characters, none of them a control character, without space around",
        ));
    }
    // Some readers of JSON, Go's among them, take names for the same that differ in case.
    if RESERVED_CLAIMS
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
    {
        let reserved: Vec<String> = RESERVED_CLAIMS
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let expected = format!("another name than {}", reserved.join(", "));
        return Err(Error::field(field(), expected));
    }
    let fits = place.starts_with('/') && place.len() <= 512;
    if fits && Pointer::parse(place.to_owned()).is_some() {
        Ok(())
    } else {
        Err(Error::field(
            field(),
            "a JSON Pointer into the session, such as `/identity/traits/email`, of 512 bytes at most",
        ))
    }
}

impl SessionTokenTemplate {
    /// What a token says of this session: the reserved claims, and those of the template that the session has. `shown` is
    /// the session as `whoami` answers it, so that a token tells nothing that its holder could not read.
    ///
    /// # Errors
    /// `invalid_request` naming `tokenize_as` where the subject is the external id and the identity has none, and where the
    /// claims are more than [`MOST_BYTES`].
    pub fn token(
        &self,
        issuer: &str,
        (session, identity): (&Session, &Identity),
        shown: &Value,
        (id, now): (Uuid, Timestamp),
    ) -> Result<Map<String, Value>> {
        let refused = |what: &str| {
            Error::with_message(Code::InvalidRequest, format!("`tokenize_as`: {what}"))
                .detail("field", "tokenize_as")
        };
        let too_much = || {
            refused(&format!(
                "what the template takes of this session is more than {MOST_BYTES} bytes"
            ))
        };
        let mut claims = Map::new();
        let mut room = Room(MOST_BYTES);
        for (name, place) in &self.claims {
            if let Some(value) = shown.pointer(place) {
                // Before it is copied: fifty claims can each name all that an identity has.
                serde_json::to_writer(&mut room, value).map_err(|_| too_much())?;
                claims.insert(name.clone(), value.clone());
            }
        }
        let subject = match self.subject_source {
            SubjectSource::Id => identity.id.to_string(),
            SubjectSource::ExternalId => identity.external_id.clone().ok_or_else(|| {
                refused(
                    "the identity has no external id, which this template takes the subject from",
                )
            })?,
        };
        let ttl = std::time::Duration::from_secs(self.ttl_seconds);
        let end = (now + ttl).min(session.expires_at);
        // Last, so that they stand whatever a template holds.
        claims.insert("iss".into(), json!(issuer));
        claims.insert("sub".into(), json!(subject));
        claims.insert("sid".into(), json!(session.id.to_string()));
        claims.insert("jti".into(), json!(id));
        claims.insert("iat".into(), json!(now.timestamp()));
        claims.insert("nbf".into(), json!(now.timestamp()));
        claims.insert("exp".into(), json!(end.timestamp()));
        claims.remove("aud");
        if !self.audience.is_empty() {
            claims.insert("aud".into(), json!(self.audience));
        }
        let bytes = serde_json::to_vec(&claims).map_err(Error::internal)?.len();
        if bytes > MOST_BYTES {
            return Err(too_much());
        }
        Ok(claims)
    }
}

/// Counts what is written, and takes no more than there is room for.
struct Room(usize);

impl std::io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(std::io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IdentityId, SessionId, State, session::Aal};

    fn now() -> Timestamp {
        chrono::DateTime::from_timestamp_millis(1_700_000_000_500).expect("in range")
    }

    fn template(claims: &[(&str, &str)]) -> SessionTokenTemplate {
        SessionTokenTemplate {
            ttl_seconds: 60,
            claims: claims
                .iter()
                .map(|(name, place)| ((*name).to_owned(), (*place).to_owned()))
                .collect(),
            audience: Vec::new(),
            subject_source: SubjectSource::Id,
        }
    }

    fn session(seconds: u64) -> Session {
        Session {
            id: SessionId::from_uuid(Uuid::from_u128(1)),
            identity_id: IdentityId::from_uuid(Uuid::from_u128(2)),
            enabled: true,
            issued_at: now(),
            authenticated_at: now(),
            expires_at: now() + std::time::Duration::from_secs(seconds),
            aal: Aal::Aal1,
            authentication_methods: Vec::new(),
            devices: Vec::new(),
        }
    }

    fn identity() -> Identity {
        let body = crate::decode::create(br#"{"traits": {"email": "ada@example.com"}}"#);
        let document = crate::IdentitySchema::default_document();
        let schema = crate::IdentitySchema::compile("default", &document).expect("compiles");
        let id = IdentityId::from_uuid(Uuid::from_u128(2));
        let changed = crate::change::create(body.expect("a body"), &schema, id, now());
        let identity = changed.expect("an identity").identity;
        assert_eq!(identity.state, State::Active);
        identity
    }

    fn token(
        template: &SessionTokenTemplate,
        seconds: u64,
        shown: &Value,
    ) -> Result<Map<String, Value>> {
        let (session, identity) = (session(seconds), identity());
        template.token(
            "https://id.example",
            (&session, &identity),
            shown,
            (Uuid::from_u128(9), now()),
        )
    }

    #[test]
    fn a_claim_is_what_stands_at_its_place_and_left_out_where_nothing_does() {
        let template = template(&[
            ("mail", "/identity/traits/email"),
            ("none", "/identity/traits/x"),
            ("first", "/list/0"),
        ]);
        let shown =
            json!({"identity": {"traits": {"email": "ada@example.com"}}, "list": [{"a": 1}]});
        let claims = token(&template, 3_600, &shown).expect("a token");
        assert_eq!(claims["mail"], "ada@example.com");
        assert_eq!(claims["first"], json!({"a": 1}));
        assert!(!claims.contains_key("none") && !claims.contains_key("aud"));
        assert_eq!(claims["iss"], "https://id.example");
        assert_eq!(claims["sub"], Uuid::from_u128(2).to_string());
        assert_eq!(claims["sid"], Uuid::from_u128(1).to_string());
        assert_eq!(claims["exp"], 1_700_000_060);
    }

    #[test]
    fn a_token_never_outlives_its_session() {
        let claims = token(&template(&[]), 30, &json!({})).expect("a token");
        assert_eq!(
            (&claims["iat"], &claims["exp"]),
            (&json!(1_700_000_000), &json!(1_700_000_030))
        );
    }

    #[test]
    fn reserved_claims_stand_whatever_a_stored_template_holds() {
        let shown = json!({"x": "forged"});
        let all: Vec<(&str, &str)> = RESERVED_CLAIMS.iter().map(|name| (*name, "/x")).collect();
        let claims = token(&template(&all), 3_600, &shown).expect("a token");
        assert!(claims.values().all(|value| value != "forged"));
        for name in RESERVED_CLAIMS {
            check_claim(name, "/x").expect_err("is reserved");
        }
    }

    #[test]
    fn what_is_too_much_is_counted_only_as_far_as_there_is_room() {
        let mut room = Room(10);
        let large = json!(vec![1; 1_000]);
        serde_json::to_writer(&mut room, &large).expect_err("has no room");
        assert_eq!(
            room.0, 0,
            "it went on until the room was full and no further"
        );
    }

    #[test]
    fn what_can_not_be_said_is_refused_by_name() {
        let by_external = SessionTokenTemplate {
            subject_source: SubjectSource::ExternalId,
            ..template(&[])
        };
        let error = token(&by_external, 60, &json!({})).expect_err("there is none");
        assert_eq!(error.envelope().details["field"], "tokenize_as");
        let long = json!({"x": "x".repeat(MOST_BYTES)});
        let error = token(&template(&[("x", "/x")]), 60, &long).expect_err("is too long");
        assert_eq!(error.code(), Code::InvalidRequest);
        // None of these is too long by itself.
        let half = json!({"x": "x".repeat(MOST_BYTES / 2)});
        let twice = template(&[("x", "/x"), ("y", "/x"), ("z", "/x")]);
        let error = token(&twice, 60, &half).expect_err("are too long together");
        assert_eq!(error.code(), Code::InvalidRequest);
        for (name, place) in [
            ("", "/x"),
            ("a", ""),
            ("a", "x"),
            ("a", "/~2"),
            ("\u{7}", "/x"),
            ("EXP", "/x"),
            ("Aud", "/x"),
            ("aud ", "/x"),
        ] {
            check_claim(name, place).expect_err(place);
        }
        check_claim(
            "https://example.com/groups",
            "/identity/metadata_public/~1a",
        )
        .expect("fits");
        assert!(
            is_template_name("jwt_v1.App")
                && !is_template_name("")
                && !is_template_name("-a")
                && !is_template_name("a/b")
        );
    }
}

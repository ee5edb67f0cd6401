//! Session tokens: `pst_<id>_<secret><checksum>`; `token.rs` says what the parts are.
//!
//! The prefix is another than that of API keys, so that neither is ever taken for the other.

use std::fmt;

use palisade_identity::{SessionId, Timestamp};

use crate::{TenantId, token::Token};

const PREFIX: &str = "pst_";

/// A session's token in the clear, as its holder presents it. `Debug` shows the session only.
pub struct SessionToken(Token);

impl SessionToken {
    /// The token of a new session of `tenant`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn generate(tenant: TenantId, now: Timestamp) -> palisade_envelope::Result<Self> {
        Token::generate(tenant, SessionId::generate(now).as_uuid()).map(Self)
    }

    /// Reads a token; `None` where the form or the checksum is off.
    pub fn parse(text: &str) -> Option<Self> {
        Token::parse(PREFIX, text).map(Self)
    }

    /// The tenant that the token says it is of. A claim, until [`SessionToken::matches`] is true of the stored hash.
    pub const fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    /// The session's id.
    pub const fn id(&self) -> SessionId {
        SessionId::from_uuid(self.0.id)
    }

    /// What is stored of the secret.
    pub fn secret_sha256(&self) -> [u8; 32] {
        self.0.secret_sha256()
    }

    /// Whether the stored hash is of this token's secret, in constant time.
    pub fn matches(&self, stored_sha256: &[u8; 32]) -> bool {
        self.0.matches(stored_sha256)
    }

    /// The whole token, to be shown once.
    pub fn reveal(&self) -> String {
        self.0.reveal(PREFIX)
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionToken({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiKey;

    #[test]
    fn a_token_reads_back_as_itself_and_is_never_a_key() {
        let now = chrono::DateTime::from_timestamp_millis(1_700_000_000_000).expect("in range");
        let token = SessionToken::generate(TenantId::generate(now), now).expect("randomness");
        let text = token.reveal();
        let read = SessionToken::parse(&text).expect("is a token");
        assert_eq!((read.tenant(), read.id()), (token.tenant(), token.id()));
        assert!(read.matches(&token.secret_sha256()));
        assert!(ApiKey::parse(&text).is_none());
        // Not with the other's prefix either: the checksum covers it.
        assert!(ApiKey::parse(&text.replacen("pst_", "pal_", 1)).is_none());
        let key = ApiKey::generate(token.tenant(), now).expect("randomness");
        assert!(SessionToken::parse(&key.reveal()).is_none());
        assert!(!format!("{token:?}").contains(&text[60..]));
    }
}

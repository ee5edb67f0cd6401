//! Keys of provisioning connections: `psc_<id>_<secret><checksum>`; `token.rs` says what the parts are.

use std::fmt;

use palisade_identity::Timestamp;

use crate::{KeyId, TenantId, token::Token};

const PREFIX: &str = "psc_";

/// The key of a connection, as its holder presents it. `Debug` shows the public prefix only.
pub struct ConnectionKey(Token);

impl ConnectionKey {
    /// A new key of `tenant`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn generate(tenant: TenantId, now: Timestamp) -> palisade_envelope::Result<Self> {
        Token::generate(tenant, KeyId::generate(now).as_uuid()).map(Self)
    }

    /// Reads a key; `None` where the form or the checksum is off.
    pub fn parse(text: &str) -> Option<Self> {
        Token::parse(PREFIX, text).map(Self)
    }

    /// The tenant that the key says it is of. A claim, until [`ConnectionKey::matches`] is true of the stored hash.
    pub const fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    /// The key's id.
    pub const fn id(&self) -> KeyId {
        KeyId::from_uuid(self.0.id)
    }

    /// What is stored of the secret.
    pub fn secret_sha256(&self) -> [u8; 32] {
        self.0.secret_sha256()
    }

    /// Whether the stored hash is of this key's secret, in constant time.
    pub fn matches(&self, stored_sha256: &[u8; 32]) -> bool {
        self.0.matches(stored_sha256)
    }

    /// The whole key, to be shown to its holder once.
    pub fn reveal(&self) -> String {
        self.0.reveal(PREFIX)
    }

    /// What may be shown of a key later; no secret.
    pub fn prefix(id: KeyId) -> String {
        let text = id.as_uuid().simple().to_string();
        format!("{PREFIX}..{}", text.get(20..).unwrap_or_default())
    }
}

impl fmt::Debug for ConnectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionKey({})", Self::prefix(self.id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiKey;

    #[test]
    fn a_connections_key_reads_back_and_is_no_api_key() {
        let now = chrono::DateTime::from_timestamp_millis(1_700_000_000_000).expect("in range");
        let key = ConnectionKey::generate(TenantId::generate(now), now).expect("randomness");
        let text = key.reveal();
        let read = ConnectionKey::parse(&text).expect("is a key");
        assert_eq!((read.tenant(), read.id()), (key.tenant(), key.id()));
        assert!(read.matches(&key.secret_sha256()));
        assert!(ApiKey::parse(&text).is_none());
        let api_key = ApiKey::generate(key.tenant(), now).expect("randomness");
        assert!(ConnectionKey::parse(&api_key.reveal()).is_none());
        let shown = format!("{key:?}");
        assert!(shown.len() < 50 && text.matches(&shown).count() == 0);
    }
}

//! API keys: `pal_<id>_<secret><checksum>`; `token.rs` says what the parts are.

use std::fmt;

use palisade_identity::Timestamp;
use zeroize::Zeroizing;

use crate::{TenantId, token::Token};

palisade_identity::id! {
    /// An API key.
    KeyId;
}

const PREFIX: &str = "pal_";

/// An API key in the clear, as its holder presents it. `Debug` shows the public prefix only.
pub struct ApiKey(Token);

impl ApiKey {
    /// A new key of `tenant`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn generate(tenant: TenantId, now: Timestamp) -> palisade_envelope::Result<Self> {
        Token::generate(tenant, KeyId::generate(now).as_uuid()).map(Self)
    }

    /// Whether this text begins as keys do. What it is worth shows only when it is looked up.
    pub fn resembles(text: &[u8]) -> bool {
        text.starts_with(PREFIX.as_bytes())
    }

    /// Reads a key; `None` where the form or the checksum is off.
    pub fn parse(text: &str) -> Option<Self> {
        Token::parse(PREFIX, text).map(Self)
    }

    /// The tenant that the key says it is of. A claim, until [`ApiKey::matches`] is true of the stored hash.
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

    /// A secret for `purpose` that only the key's holder has: nothing that is stored of the key leads to it.
    pub fn derive(&self, purpose: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        self.0.derive(purpose)
    }

    /// The whole key, to be shown to its holder once.
    pub fn reveal(&self) -> String {
        self.0.reveal(PREFIX)
    }

    /// What may be shown of a key later: enough to tell keys apart by their time and randomness, no secret.
    pub fn prefix(id: KeyId) -> String {
        let text = id.as_uuid().simple().to_string();
        format!("{PREFIX}..{}", text.get(20..).unwrap_or_default())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", Self::prefix(self.id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKey {
        let now = chrono::DateTime::from_timestamp_millis(1_700_000_000_000).expect("in range");
        ApiKey::generate(TenantId::generate(now), now).expect("randomness")
    }

    #[test]
    fn a_key_reads_back_as_itself() {
        let key = key();
        let read = ApiKey::parse(&key.reveal()).expect("is a key");
        assert_eq!((read.tenant(), read.id()), (key.tenant(), key.id()));
        assert!(read.matches(&key.secret_sha256()));
        assert!(!self::key().matches(&key.secret_sha256()));
    }

    #[test]
    fn every_cut_every_extension_and_every_changed_character_is_refused() {
        let text = key().reveal();
        for length in 0..text.len() {
            assert!(ApiKey::parse(&text[..length]).is_none(), "cut to {length}");
            let mut changed = text.clone().into_bytes();
            changed[length] = if changed[length] == b'a' { b'b' } else { b'a' };
            assert!(
                ApiKey::parse(&String::from_utf8(changed).expect("ascii")).is_none(),
                "changed at {length}"
            );
        }
        for extra in ["a", "=", " ", "_", "aaaaaaaa"] {
            assert!(ApiKey::parse(&format!("{text}{extra}")).is_none());
        }
        assert!(ApiKey::parse(&text.to_uppercase()).is_none());
    }

    #[test]
    fn what_is_derived_is_the_keys_own_and_the_purposes() {
        let (other, key) = (key(), key());
        let derived =
            |key: &ApiKey, purpose: &str| key.derive(purpose.as_bytes()).expect("derives");
        assert_eq!(*derived(&key, "a"), *derived(&key, "a"));
        assert_ne!(*derived(&key, "a"), *derived(&key, "b"));
        assert_ne!(*derived(&key, "a"), *derived(&other, "a"));
        assert_ne!(*derived(&key, ""), key.secret_sha256());
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = key();
        let shown = format!("{key:?}");
        assert!(shown.len() < 40 && key.reveal().matches(&shown).count() == 0);
    }
}

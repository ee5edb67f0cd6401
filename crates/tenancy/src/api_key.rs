//! API keys: `pal_<id>_<secret><checksum>`.
//!
//! `<id>` is the tenant's and the key's UUID together, so that a look-up is by primary key and every cache key
//! contains the tenant. `<secret>` is 256 random bits, of which only the SHA-256 is stored. `<checksum>` is the
//! CRC-32 of all before it: a mistyped, cut or extended key is refused without a look-up, and scanners for
//! leaked keys can tell a real one. Each part is RFC 4648 base32 in lower case without padding.

use std::{fmt, sync::LazyLock};

use data_encoding::{Encoding, Specification};
use hmac::{Hmac, KeyInit as _, Mac as _};
use palisade_identity::Timestamp;
use rand::TryRngCore;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::TenantId;

palisade_identity::id! {
    /// An API key.
    KeyId;
}

const PREFIX: &str = "pal_";

/// An API key in the clear, as its holder presents it. `Debug` shows the public prefix only.
pub struct ApiKey {
    tenant: TenantId,
    id: KeyId,
    secret: Zeroizing<[u8; 32]>,
}

impl ApiKey {
    /// A new key of `tenant`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn generate(tenant: TenantId, now: Timestamp) -> palisade_envelope::Result<Self> {
        let mut secret = Zeroizing::new([0_u8; 32]);
        rand::rngs::OsRng
            .try_fill_bytes(secret.as_mut_slice())
            .map_err(palisade_envelope::Error::internal)?;
        Ok(Self {
            tenant,
            id: KeyId::generate(now),
            secret,
        })
    }

    /// Reads a key; `None` where the form or the checksum is off.
    pub fn parse(text: &str) -> Option<Self> {
        let encoding = base32()?;
        let (id, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
        // 32 bytes are 52 characters, the checksum's 4 bytes are 7.
        let (secret, checksum) = rest.split_at_checked(52)?;
        let body = text
            .len()
            .checked_sub(checksum.len())
            .and_then(|end| text.get(..end))?;
        let checksum: [u8; 4] = encoding.decode(checksum.as_bytes()).ok()?.try_into().ok()?;
        if crc32fast::hash(body.as_bytes()).to_be_bytes() != checksum {
            return None;
        }
        let id: [u8; 32] = encoding.decode(id.as_bytes()).ok()?.try_into().ok()?;
        let (tenant, key) = id.split_at_checked(16)?;
        Some(Self {
            tenant: TenantId::from_uuid(uuid::Uuid::from_slice(tenant).ok()?),
            id: KeyId::from_uuid(uuid::Uuid::from_slice(key).ok()?),
            secret: Zeroizing::new(encoding.decode(secret.as_bytes()).ok()?.try_into().ok()?),
        })
    }

    /// The tenant that the key says it is of. A claim, until [`ApiKey::matches`] is true of the stored hash.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The key's id.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What is stored of the secret.
    pub fn secret_sha256(&self) -> [u8; 32] {
        Sha256::digest(self.secret.as_slice()).into()
    }

    /// Whether the stored hash is of this key's secret, in constant time.
    pub fn matches(&self, stored_sha256: &[u8; 32]) -> bool {
        self.secret_sha256().ct_eq(stored_sha256).into()
    }

    /// A secret for `purpose` that only the key's holder has: nothing that is stored of the key leads to it.
    pub fn derive(&self, purpose: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_slice()).ok()?;
        mac.update(purpose);
        Some(Zeroizing::new(mac.finalize().into_bytes().into()))
    }

    /// The whole key, to be shown to its holder once.
    pub fn reveal(&self) -> String {
        let Some(encoding) = base32() else {
            return String::new();
        };
        let mut id = [0_u8; 32];
        let (tenant, key) = id.split_at_mut(16);
        tenant.copy_from_slice(self.tenant.as_uuid().as_bytes());
        key.copy_from_slice(self.id.as_uuid().as_bytes());
        let mut text = format!(
            "{PREFIX}{}_{}",
            encoding.encode(&id),
            encoding.encode(self.secret.as_slice())
        );
        let checksum = crc32fast::hash(text.as_bytes()).to_be_bytes();
        encoding.encode_append(&checksum, &mut text);
        text
    }

    /// What may be shown of a key later: enough to tell keys apart by their time and randomness, no secret.
    pub fn prefix(id: KeyId) -> String {
        let text = id.as_uuid().simple().to_string();
        format!("{PREFIX}..{}", text.get(20..).unwrap_or_default())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", Self::prefix(self.id))
    }
}

/// RFC 4648 base32 in lower case. The library refuses non-canonical trailing bits by itself.
fn base32() -> Option<&'static Encoding> {
    static BASE32: LazyLock<Option<Encoding>> = LazyLock::new(|| {
        let mut specification = Specification::new();
        specification
            .symbols
            .push_str("abcdefghijklmnopqrstuvwxyz234567");
        specification.encoding().ok()
    });
    BASE32.as_ref()
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

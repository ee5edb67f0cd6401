//! The form that every secret of ours has: `<prefix><id>_<secret><checksum>`.
//!
//! `<id>` is the tenant's UUID and the UUID of what the secret opens together, so that a look-up is by primary key.
//! `<secret>` is 256 random bits, of which only the SHA-256 is stored. `<checksum>` is the CRC-32 of all before it: a
//! mistyped, cut or extended secret is refused without a look-up, and scanners for leaked secrets can tell a real
//! one. Each part is RFC 4648 base32 in lower case without padding.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use hmac::{Hmac, KeyInit as _, Mac as _};
use palisade_identity::ids::Uuid;
use rand::TryRngCore;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::TenantId;

/// A secret in the clear. What kind it is, its prefix says, which is the caller's to know.
pub(crate) struct Token {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
    secret: Zeroizing<[u8; 32]>,
}

impl Token {
    /// A new secret for `id` of `tenant`.
    ///
    /// # Errors
    /// `internal` when the operating system has no randomness to give.
    pub(crate) fn generate(tenant: TenantId, id: Uuid) -> palisade_envelope::Result<Self> {
        let mut secret = Zeroizing::new([0_u8; 32]);
        rand::rngs::OsRng
            .try_fill_bytes(secret.as_mut_slice())
            .map_err(palisade_envelope::Error::internal)?;
        Ok(Self { tenant, id, secret })
    }

    /// Reads a secret with this prefix; `None` where the form or the checksum is off.
    pub(crate) fn parse(prefix: &str, text: &str) -> Option<Self> {
        let encoding = base32()?;
        let (id, rest) = text.strip_prefix(prefix)?.split_once('_')?;
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
        let ids: [u8; 32] = encoding.decode(id.as_bytes()).ok()?.try_into().ok()?;
        let (tenant, id) = ids.split_at_checked(16)?;
        Some(Self {
            tenant: TenantId::from_uuid(Uuid::from_slice(tenant).ok()?),
            id: Uuid::from_slice(id).ok()?,
            secret: Zeroizing::new(encoding.decode(secret.as_bytes()).ok()?.try_into().ok()?),
        })
    }

    /// What is stored of the secret.
    pub(crate) fn secret_sha256(&self) -> [u8; 32] {
        Sha256::digest(self.secret.as_slice()).into()
    }

    /// Whether the stored hash is of this secret, in constant time.
    pub(crate) fn matches(&self, stored_sha256: &[u8; 32]) -> bool {
        self.secret_sha256().ct_eq(stored_sha256).into()
    }

    /// A secret for `purpose` that only the holder has: nothing that is stored leads to it.
    pub(crate) fn derive(&self, purpose: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_slice()).ok()?;
        mac.update(purpose);
        Some(Zeroizing::new(mac.finalize().into_bytes().into()))
    }

    /// The whole of it, to be shown to its holder once.
    pub(crate) fn reveal(&self, prefix: &str) -> String {
        let Some(encoding) = base32() else {
            return String::new();
        };
        let mut ids = [0_u8; 32];
        let (tenant, id) = ids.split_at_mut(16);
        tenant.copy_from_slice(self.tenant.as_uuid().as_bytes());
        id.copy_from_slice(self.id.as_bytes());
        let mut text = format!(
            "{prefix}{}_{}",
            encoding.encode(&ids),
            encoding.encode(self.secret.as_slice())
        );
        let checksum = crc32fast::hash(text.as_bytes()).to_be_bytes();
        encoding.encode_append(&checksum, &mut text);
        text
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

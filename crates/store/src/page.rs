//! Pages and their tokens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{Timestamp, ids::Uuid, page::PageSize};
use palisade_tenancy::TenantId;
use sha2::Sha256;

/// Which page of a list is asked for.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many items at most.
    pub size: PageSize,
    /// The `next` of the page before; `None`: the first page.
    pub token: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// The token of the next page; `None` on the last one.
    pub next: Option<String>,
}

/// Where in a list a page ends: what the list is ordered by, of its last item.
pub(crate) trait Position: Sized {
    /// As it stands in a token. Lists have positions of one type each, and tokens name their list.
    fn to_bytes(&self) -> Vec<u8>;

    /// The position that these bytes are.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl Position for Uuid {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::from_slice(bytes).ok()
    }
}

impl Position for String {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

/// By time, then by id.
impl Position for (Timestamp, Uuid) {
    fn to_bytes(&self) -> Vec<u8> {
        let micros = self.0.timestamp_micros().to_be_bytes();
        [micros.as_slice(), self.1.as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (micros, id) = bytes.split_first_chunk()?;
        let time = Timestamp::from_timestamp_micros(i64::from_be_bytes(*micros))?;
        Some((time, Uuid::from_slice(id).ok()?))
    }
}

/// The bytes of a token's seal.
const SEAL: usize = 32;

/// Seals positions so that they are good for one tenant and one list with one filter only.
pub(crate) struct TokenSealer<'a> {
    key: &'a [u8; 32],
    tenant: TenantId,
    list: &'static str,
    fingerprint: &'a str,
}

impl<'a> TokenSealer<'a> {
    pub(crate) const fn new(
        key: &'a [u8; 32],
        tenant: TenantId,
        list: &'static str,
        fingerprint: &'a str,
    ) -> Self {
        Self {
            key,
            tenant,
            list,
            fingerprint,
        }
    }

    fn mac(&self, position: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key).ok()?;
        mac.update(self.tenant.as_uuid().as_bytes());
        // Lengths go in, too, so that no part can be moved into the next.
        for part in [self.list.as_bytes(), self.fingerprint.as_bytes(), position] {
            mac.update(&u64::try_from(part.len()).ok()?.to_be_bytes());
            mac.update(part);
        }
        Some(mac)
    }

    /// The token of the page after `position`.
    pub(crate) fn seal(&self, position: &impl Position) -> Option<String> {
        let position = position.to_bytes();
        let mac = self.mac(&position)?.finalize().into_bytes();
        Some(URL_SAFE_NO_PAD.encode([position.as_slice(), mac.as_slice()].concat()))
    }

    /// The position in a token of ours.
    ///
    /// # Errors
    /// `invalid_page_token` for everything else.
    pub(crate) fn open<P: Position>(&self, token: &str) -> Result<P> {
        let refused = || Error::new(Code::InvalidPageToken);
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
        let (position, mac) = bytes
            .len()
            .checked_sub(SEAL)
            .and_then(|end| bytes.split_at_checked(end))
            .ok_or_else(refused)?;
        self.mac(position)
            .ok_or_else(refused)?
            .verify_slice(mac)
            .map_err(|_| refused())?;
        P::from_bytes(position).ok_or_else(refused)
    }

    /// The position in the token of a request, or `first` where it has none: a position before all items.
    ///
    /// # Errors
    /// `invalid_page_token`.
    pub(crate) fn after<P: Position>(&self, request: &PageRequest, first: P) -> Result<P> {
        match &request.token {
            Some(token) => self.open(token),
            None => Ok(first),
        }
    }
}

impl PageRequest {
    /// How many rows to ask for: one more than the page has, to know whether another page follows.
    pub(crate) fn limit(&self) -> i64 {
        i64::from(self.size.get()) + 1
    }
}

impl<T> Page<T> {
    /// The page of `rows`, of which there is one more than `size` where another page follows.
    pub(crate) fn of<P: Position>(
        mut rows: Vec<T>,
        size: PageSize,
        sealer: &TokenSealer<'_>,
        position: impl Fn(&T) -> P,
    ) -> Self {
        let size = usize::try_from(size.get()).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows
            .last()
            .filter(|_| more)
            .and_then(|last| sealer.seal(&position(last)));
        Self { items: rows, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abuse_07_a_token_of_another_tenant_list_filter_or_key_is_refused() {
        let (key, other_key) = ([7; 32], [8; 32]);
        let (tenant, other) = (
            TenantId::from_uuid(Uuid::from_u128(1)),
            TenantId::from_uuid(Uuid::from_u128(2)),
        );
        let position = Uuid::from_u128(42);
        let sealer = TokenSealer::new(&key, tenant, "identities", "{}");
        let token = sealer.seal(&position).expect("seals");
        assert_eq!(sealer.open::<Uuid>(&token).expect("opens"), position);
        for wrong in [
            TokenSealer::new(&key, other, "identities", "{}"),
            TokenSealer::new(&key, tenant, "audit_events", "{}"),
            TokenSealer::new(&key, tenant, "identities", "{\"state\":\"active\"}"),
            TokenSealer::new(&other_key, tenant, "identities", "{}"),
        ] {
            assert_eq!(
                wrong.open::<Uuid>(&token).expect_err("refuses").code(),
                Code::InvalidPageToken
            );
        }
    }

    #[test]
    fn abuse_07_every_changed_byte_and_every_cut_is_refused() {
        let key = [7; 32];
        let sealer = TokenSealer::new(&key, TenantId::PLATFORM, "identities", "");
        let token = sealer.seal(&Uuid::from_u128(42)).expect("seals");
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("decodes");
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert!(
                sealer
                    .open::<Uuid>(&URL_SAFE_NO_PAD.encode(&changed))
                    .is_err(),
                "changed at {index}"
            );
            assert!(
                sealer
                    .open::<Uuid>(&URL_SAFE_NO_PAD.encode(&bytes[..index]))
                    .is_err(),
                "cut to {index}"
            );
        }
        assert!(sealer.open::<Uuid>("").is_err() && sealer.open::<Uuid>("not a token!").is_err());
    }

    #[test]
    fn positions_of_every_kind_come_back_as_they_were() {
        let key = [7; 32];
        let sealer = TokenSealer::new(&key, TenantId::PLATFORM, "list", "");
        let name = "größe-1".to_owned();
        let token = sealer.seal(&name).expect("seals");
        assert_eq!(sealer.open::<String>(&token).expect("opens"), name);
        let at = (
            Timestamp::from_timestamp_micros(-1).expect("in range"),
            Uuid::from_u128(42),
        );
        let token = sealer.seal(&at).expect("seals");
        assert_eq!(sealer.open::<(Timestamp, Uuid)>(&token).expect("opens"), at);
        assert!(sealer.open::<Uuid>(&token).is_err());
    }
}

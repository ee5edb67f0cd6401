//! Pages and their tokens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{ids::Uuid, page::PageSize};
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
    pub(crate) fn seal(&self, position: Uuid) -> Option<String> {
        let mac = self.mac(position.as_bytes())?.finalize().into_bytes();
        Some(URL_SAFE_NO_PAD.encode([position.as_bytes().as_slice(), mac.as_slice()].concat()))
    }

    /// The token of the page after the item made at `at` with this id.
    pub(crate) fn seal_moment(&self, at: i64, id: Uuid) -> Option<String> {
        let position = [at.to_be_bytes().as_slice(), id.as_bytes()].concat();
        let mac = self.mac(&position)?.finalize().into_bytes();
        Some(URL_SAFE_NO_PAD.encode([position.as_slice(), mac.as_slice()].concat()))
    }

    /// The moment and the id in a token of [`TokenSealer::seal_moment`].
    ///
    /// # Errors
    /// `invalid_page_token` for everything else.
    pub(crate) fn open_moment(&self, token: &str) -> Result<(i64, Uuid)> {
        let refused = || Error::new(Code::InvalidPageToken);
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
        let (position, mac) = bytes.split_at_checked(24).ok_or_else(refused)?;
        self.mac(position)
            .ok_or_else(refused)?
            .verify_slice(mac)
            .map_err(|_| refused())?;
        let (at, id) = position.split_at_checked(8).ok_or_else(refused)?;
        let at = at.try_into().map_err(|_| refused())?;
        Ok((
            i64::from_be_bytes(at),
            Uuid::from_slice(id).map_err(|_| refused())?,
        ))
    }

    /// The position in a token of ours.
    ///
    /// # Errors
    /// `invalid_page_token` for everything else.
    pub(crate) fn open(&self, token: &str) -> Result<Uuid> {
        let refused = || Error::new(Code::InvalidPageToken);
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
        let (position, mac) = bytes.split_at_checked(16).ok_or_else(refused)?;
        self.mac(position)
            .ok_or_else(refused)?
            .verify_slice(mac)
            .map_err(|_| refused())?;
        Uuid::from_slice(position).map_err(|_| refused())
    }
}

impl<T> Page<T> {
    /// The page of `rows`, of which there is one more than `size` where another page follows.
    pub(crate) fn of(
        mut rows: Vec<T>,
        size: PageSize,
        sealer: &TokenSealer<'_>,
        position: impl Fn(&T) -> Uuid,
    ) -> Self {
        let size = usize::try_from(size.get()).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows
            .last()
            .filter(|_| more)
            .and_then(|last| sealer.seal(position(last)));
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
        let token = sealer.seal(position).expect("seals");
        assert_eq!(sealer.open(&token).expect("opens"), position);
        for wrong in [
            TokenSealer::new(&key, other, "identities", "{}"),
            TokenSealer::new(&key, tenant, "audit_events", "{}"),
            TokenSealer::new(&key, tenant, "identities", "{\"state\":\"active\"}"),
            TokenSealer::new(&other_key, tenant, "identities", "{}"),
        ] {
            assert_eq!(
                wrong.open(&token).expect_err("refuses").code(),
                Code::InvalidPageToken
            );
        }
    }

    #[test]
    fn abuse_07_a_token_of_a_moment_is_good_for_its_list_only() {
        let key = [7; 32];
        let sealer = TokenSealer::new(&key, TenantId::PLATFORM, "sessions", "");
        let id = Uuid::from_u128(42);
        let token = sealer.seal_moment(-7, id).expect("seals");
        assert_eq!(sealer.open_moment(&token).expect("opens"), (-7, id));
        assert!(sealer.open(&token).is_err());
        assert!(
            sealer
                .open_moment(&sealer.seal(id).expect("seals"))
                .is_err()
        );
        let other = TokenSealer::new(&key, TenantId::PLATFORM, "own sessions", "");
        assert!(other.open_moment(&token).is_err() && sealer.open_moment("x").is_err());
    }

    #[test]
    fn abuse_07_every_changed_byte_and_every_cut_is_refused() {
        let key = [7; 32];
        let sealer = TokenSealer::new(&key, TenantId::PLATFORM, "identities", "");
        let token = sealer.seal(Uuid::from_u128(42)).expect("seals");
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("decodes");
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert!(
                sealer.open(&URL_SAFE_NO_PAD.encode(&changed)).is_err(),
                "changed at {index}"
            );
            assert!(
                sealer
                    .open(&URL_SAFE_NO_PAD.encode(&bytes[..index]))
                    .is_err(),
                "cut to {index}"
            );
        }
        assert!(sealer.open("").is_err() && sealer.open("not a token!").is_err());
    }
}

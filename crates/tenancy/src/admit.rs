//! The admission of a request: from the credential's headers to a [`Caller`], or a refusal.
//!
//! The order is fixed and nothing of the tenant's is looked up before it is through:
//! 401 without a good credential; then `X-Tenant-ID`: 400 where it is missing, malformed or sent twice, 403
//! where it names another tenant; then 403 where the tenant is suspended.

use std::{net::IpAddr, sync::Arc};

use palisade_envelope::{Code, Error, Result};

use crate::{ApiKey, CachedDirectory, Caller, Clock, Directory, TenantId, TenantState};

/// Whether a surface insists on `X-Tenant-ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantHeader {
    /// `/v1`: it must be there.
    Required,
    /// The Ory dialect, the operator's routes: it may be missing; where it is sent it must agree.
    Optional,
}

/// What a request claims about its caller. Header values as received, each occurrence one entry.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claims<'a> {
    /// `X-API-Key`, every occurrence.
    pub api_key: &'a [&'a [u8]],
    /// `Authorization`, every occurrence.
    pub authorization: &'a [&'a [u8]],
    /// `X-Tenant-ID`, every occurrence.
    pub tenant: &'a [&'a [u8]],
    /// The address of the peer, for keys that are bound to networks.
    pub peer: Option<IpAddr>,
}

impl Claims<'_> {
    /// The API key that is presented; nothing is known of it yet.
    pub(crate) fn key(&self) -> Option<ApiKey> {
        let presented = match (self.api_key, self.authorization) {
            ([key], []) => *key,
            ([], [authorization]) => bearer(authorization)?,
            // Two credentials at once: which one counts must not depend on who reads the headers.
            _ => return None,
        };
        std::str::from_utf8(presented).ok().and_then(ApiKey::parse)
    }
}

/// Admits requests: the directory, and the clock that keys expire by.
pub struct Admission<D, C> {
    directory: Arc<CachedDirectory<D>>,
    clock: C,
}

impl<D: Directory, C: Clock> Admission<D, C> {
    /// An admission that looks keys up in `directory`.
    pub const fn new(directory: Arc<CachedDirectory<D>>, clock: C) -> Self {
        Self { directory, clock }
    }

    /// The directory that it looks into.
    pub const fn directory(&self) -> &Arc<CachedDirectory<D>> {
        &self.directory
    }

    /// Verifies the credential and that every other claim of a tenant agrees with it.
    ///
    /// # Errors
    /// `unauthenticated`, `tenant_required`, `invalid_tenant_id`, `tenant_mismatch`, `tenant_suspended`, in this
    /// order; `unavailable` when the database can't answer.
    pub async fn admit(&self, claims: Claims<'_>, header: TenantHeader) -> Result<Arc<Caller>> {
        let caller = self.verify(&claims).await?;
        match (claims.tenant, header) {
            ([], TenantHeader::Optional) => {}
            ([], TenantHeader::Required) => return Err(Error::new(Code::TenantRequired)),
            ([one], _) => {
                let named = std::str::from_utf8(one)
                    .ok()
                    .and_then(TenantId::parse)
                    .ok_or_else(|| Error::new(Code::InvalidTenantId))?;
                if named != caller.tenant() {
                    return Err(Error::new(Code::TenantMismatch));
                }
            }
            _ => return Err(Error::new(Code::InvalidTenantId)),
        }
        if caller.tenant_state() == TenantState::Suspended {
            return Err(Error::new(Code::TenantSuspended));
        }
        Ok(caller)
    }

    async fn verify(&self, claims: &Claims<'_>) -> Result<Arc<Caller>> {
        let refused = || Error::new(Code::Unauthenticated);
        let key = claims.key().ok_or_else(refused)?;
        let entry = self
            .directory
            .entry(key.tenant(), key.id())
            .await?
            .ok_or_else(refused)?;
        let record = &entry.record;
        let now = self.clock.now();
        let past = |end: Option<palisade_identity::Timestamp>| end.is_some_and(|end| end <= now);
        if !key.matches(&record.secret_sha256)
            || past(record.expires_at)
            || past(record.revoked_at)
            || record.tenant_state == TenantState::Deleted
        {
            return Err(refused());
        }
        let from_allowed_network = record.allowed_cidrs.is_empty()
            || claims
                .peer
                .is_some_and(|peer| record.allowed_cidrs.iter().any(|cidr| cidr.contains(&peer)));
        if !from_allowed_network {
            return Err(refused());
        }
        self.directory.inner().used(record.tenant, record.id);
        Ok(Arc::clone(&entry.caller))
    }
}

/// The token of `Authorization: Bearer <token>`; the scheme's case does not matter (RFC 9110 section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{KeyId, KeyRecord, Role, SystemClock};

    #[derive(Default)]
    struct Keys(HashMap<(TenantId, KeyId), KeyRecord>);

    impl Directory for Keys {
        async fn key(&self, tenant: TenantId, key: KeyId) -> Result<Option<KeyRecord>> {
            Ok(self.0.get(&(tenant, key)).cloned())
        }

        fn used(&self, _: TenantId, _: KeyId) {}
    }

    fn record(key: &ApiKey) -> KeyRecord {
        KeyRecord {
            tenant: key.tenant(),
            tenant_state: TenantState::Active,
            id: key.id(),
            name: "test".into(),
            roles: vec![Role::Owner],
            secret_sha256: key.secret_sha256(),
            expires_at: None,
            revoked_at: None,
            allowed_cidrs: Vec::new(),
        }
    }

    fn key() -> ApiKey {
        let now = SystemClock.now();
        ApiKey::generate(TenantId::generate(now), now).expect("randomness")
    }

    fn admission(change: impl FnOnce(&mut KeyRecord)) -> (ApiKey, Admission<Keys, SystemClock>) {
        let key = key();
        let mut record = record(&key);
        change(&mut record);
        let keys = Keys(HashMap::from([((key.tenant(), key.id()), record)]));
        (
            key,
            Admission::new(Arc::new(CachedDirectory::new(keys)), SystemClock),
        )
    }

    async fn code(
        admission: &Admission<Keys, SystemClock>,
        claims: Claims<'_>,
        header: TenantHeader,
    ) -> Option<Code> {
        admission
            .admit(claims, header)
            .await
            .err()
            .map(|error| error.code())
    }

    #[tokio::test]
    async fn a_good_key_is_admitted_in_either_header_and_not_in_both() {
        let (key, admission) = admission(|_| {});
        let text = key.reveal();
        let bearer = format!("bearer {text}");
        let (text, bearer) = (text.as_bytes(), bearer.as_bytes());
        for (claims, expected) in [
            (
                Claims {
                    api_key: &[text],
                    ..Claims::default()
                },
                None,
            ),
            (
                Claims {
                    authorization: &[bearer],
                    ..Claims::default()
                },
                None,
            ),
            (
                Claims {
                    api_key: &[text],
                    authorization: &[bearer],
                    ..Claims::default()
                },
                Some(Code::Unauthenticated),
            ),
            (
                Claims {
                    api_key: &[text, text],
                    ..Claims::default()
                },
                Some(Code::Unauthenticated),
            ),
            (Claims::default(), Some(Code::Unauthenticated)),
        ] {
            assert_eq!(
                code(&admission, claims, TenantHeader::Optional).await,
                expected
            );
        }
    }

    #[tokio::test]
    async fn abuse_02_the_tenant_header_must_be_sent_once_and_agree() {
        let (key, admission) = admission(|_| {});
        let text = key.reveal();
        let (own, other) = (key.tenant().to_string(), self::key().tenant().to_string());
        let (own, other) = (own.as_bytes(), other.as_bytes());
        let cases: [(&[&[u8]], Option<Code>); 6] = [
            (&[own], None),
            (&[], Some(Code::TenantRequired)),
            (&[other], Some(Code::TenantMismatch)),
            (&[own, own], Some(Code::InvalidTenantId)),
            (&[own, other], Some(Code::InvalidTenantId)),
            (&[b"demo"], Some(Code::InvalidTenantId)),
        ];
        for (tenant, expected) in cases {
            let claims = Claims {
                api_key: &[text.as_bytes()],
                tenant,
                ..Claims::default()
            };
            assert_eq!(
                code(&admission, claims, TenantHeader::Required).await,
                expected
            );
        }
    }

    #[tokio::test]
    async fn expired_revoked_foreign_network_and_deleted_are_401_and_suspended_is_403() {
        let past = Some(SystemClock.now());
        type Change = fn(&mut KeyRecord, Option<palisade_identity::Timestamp>);
        let cases: [(Change, Code); 5] = [
            (
                |record, past| record.expires_at = past,
                Code::Unauthenticated,
            ),
            (
                |record, past| record.revoked_at = past,
                Code::Unauthenticated,
            ),
            (
                |record, _| record.tenant_state = TenantState::Deleted,
                Code::Unauthenticated,
            ),
            (
                |record, _| record.allowed_cidrs = vec!["10.0.0.0/8".parse().expect("cidr")],
                Code::Unauthenticated,
            ),
            (
                |record, _| record.tenant_state = TenantState::Suspended,
                Code::TenantSuspended,
            ),
        ];
        for (change, expected) in cases {
            let (key, admission) = admission(|record| change(record, past));
            let text = key.reveal();
            let claims = Claims {
                api_key: &[text.as_bytes()],
                peer: Some(IpAddr::from([127, 0, 0, 1])),
                ..Claims::default()
            };
            assert_eq!(
                code(&admission, claims, TenantHeader::Optional).await,
                Some(expected)
            );
        }
    }
}

//! The admission of a request: from the credential's headers to a [`Caller`], or a refusal.
//!
//! The order is fixed and nothing of the tenant's is looked up before it is through:
//! 401 without a good credential; then `X-Tenant-ID`: 400 where it is missing, malformed or sent twice, 403
//! where it names another tenant; then 403 where the tenant is suspended.
//!
//! A surface takes API keys or session tokens, never both: a token is no credential where keys are asked for, nor the
//! other way round, and whoever sends one of each is refused.

use std::{net::IpAddr, sync::Arc};

use palisade_envelope::{Code, Error, Result};
use palisade_identity::State;

use crate::{
    ApiKey, CachedDirectory, Caller, Clock, Directory, Principal, SessionToken, TenantId,
    TenantState,
};

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
    /// `X-Session-Token`, every occurrence.
    pub session_token: &'a [&'a [u8]],
    /// The cookie that holds a session token, every occurrence.
    pub session_cookie: &'a [&'a [u8]],
    /// `X-Tenant-ID`, every occurrence.
    pub tenant: &'a [&'a [u8]],
    /// The address of the peer, for keys that are bound to networks.
    pub peer: Option<IpAddr>,
}

impl Claims<'_> {
    /// The API key that is presented; nothing is known of it yet.
    pub(crate) fn key(&self) -> Option<ApiKey> {
        // A browser sends its cookies wherever it goes; they are looked at where sessions are asked for only.
        let presented = match (self.api_key, self.authorization, self.session_token) {
            ([key], [], []) => *key,
            ([], [authorization], []) => bearer(authorization)?,
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
        agrees(claims.tenant, header, caller.tenant())?;
        if caller.tenant_state() == TenantState::Suspended {
            return Err(Error::new(Code::TenantSuspended));
        }
        Ok(caller)
    }

    /// Verifies the token of a session, and that `X-Tenant-ID` agrees with it where it is sent. The caller is the
    /// session's identity; the session itself comes along. One look-up, at every request: there is no cache that a
    /// session could outlive its end in.
    ///
    /// # Errors
    /// `session_inactive` where there is no token, more than one credential, or a token that is not of an active
    /// session of an active identity in an active tenant; `invalid_tenant_id`, `tenant_mismatch`; `unavailable` when
    /// the database can't answer.
    pub async fn admit_session(&self, claims: Claims<'_>) -> Result<(Arc<Caller>, D::Presented)> {
        let refused = || Error::new(Code::SessionInactive);
        let presented = match (
            claims.api_key,
            claims.session_token,
            claims.authorization,
            claims.session_cookie,
        ) {
            ([], [token], [], []) | ([], [], [], [token]) => *token,
            ([], [], [authorization], []) => bearer(authorization).ok_or_else(refused)?,
            // Two credentials at once: which one counts must not depend on who reads the headers.
            _ => return Err(refused()),
        };
        let token = std::str::from_utf8(presented)
            .ok()
            .and_then(SessionToken::parse)
            .ok_or_else(refused)?;
        let record = self
            .directory
            .inner()
            .session(token.tenant(), token.id())
            .await?
            .ok_or_else(refused)?;
        if !token.matches(&record.secret_sha256)
            || !record.enabled
            || record.expires_at <= self.clock.now()
            || record.identity_state != State::Active
            || record.tenant_state != TenantState::Active
        {
            return Err(refused());
        }
        agrees(claims.tenant, TenantHeader::Optional, token.tenant())?;
        let principal = Principal::Identity {
            id: record.identity,
            name: format!("session {}", token.id()).into(),
            schema_id: record.schema_id.into(),
            state: record.identity_state,
        };
        let caller = Caller::new(token.tenant(), principal, record.tenant_state);
        Ok((Arc::new(caller), record.presented))
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

/// Checks the `X-Tenant-ID`s that were sent against the credential's tenant.
fn agrees(sent: &[&[u8]], header: TenantHeader, tenant: TenantId) -> Result<()> {
    match (sent, header) {
        ([], TenantHeader::Optional) => Ok(()),
        ([], TenantHeader::Required) => Err(Error::new(Code::TenantRequired)),
        ([one], _) => {
            let named = std::str::from_utf8(one)
                .ok()
                .and_then(TenantId::parse)
                .ok_or_else(|| Error::new(Code::InvalidTenantId))?;
            if named == tenant {
                Ok(())
            } else {
                Err(Error::new(Code::TenantMismatch))
            }
        }
        _ => Err(Error::new(Code::InvalidTenantId)),
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

    use palisade_identity::{IdentityId, SessionId, Timestamp};

    use super::*;
    use crate::{KeyId, KeyRecord, Role, SessionRecord, SystemClock};

    #[derive(Default)]
    struct Keys(
        HashMap<(TenantId, KeyId), KeyRecord>,
        HashMap<(TenantId, SessionId), SessionRecord<()>>,
    );

    impl Directory for Keys {
        type Presented = ();

        async fn session(
            &self,
            tenant: TenantId,
            session: SessionId,
        ) -> Result<Option<SessionRecord<()>>> {
            Ok(self.1.get(&(tenant, session)).cloned())
        }

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
        let keys = Keys(
            HashMap::from([((key.tenant(), key.id()), record)]),
            HashMap::new(),
        );
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
        type Change = fn(&mut KeyRecord, Option<Timestamp>);
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

    fn session(
        change: impl FnOnce(&mut SessionRecord<()>),
    ) -> (SessionToken, ApiKey, Admission<Keys, SystemClock>) {
        let key = key();
        let now = SystemClock.now();
        let token = SessionToken::generate(key.tenant(), now).expect("randomness");
        let mut session = SessionRecord {
            tenant_state: TenantState::Active,
            secret_sha256: token.secret_sha256(),
            enabled: true,
            expires_at: Timestamp::MAX_UTC,
            identity: IdentityId::generate(now),
            schema_id: "default".into(),
            identity_state: State::Active,
            presented: (),
        };
        change(&mut session);
        let keys = Keys(
            HashMap::from([((key.tenant(), key.id()), record(&key))]),
            HashMap::from([((token.tenant(), token.id()), session)]),
        );
        let admission = Admission::new(Arc::new(CachedDirectory::new(keys)), SystemClock);
        (token, key, admission)
    }

    async fn session_code(
        admission: &Admission<Keys, SystemClock>,
        claims: Claims<'_>,
    ) -> Option<Code> {
        admission
            .admit_session(claims)
            .await
            .err()
            .map(|error| error.code())
    }

    #[tokio::test]
    async fn a_session_token_is_admitted_by_any_one_of_its_three_ways() {
        let (token, key, admission) = session(|_| {});
        let (token, key) = (token.reveal(), key.reveal());
        let (bearer, key_bearer) = (format!("Bearer {token}"), format!("Bearer {key}"));
        let (token, key) = (token.as_bytes(), key.as_bytes());
        let (bearer, key_bearer) = (bearer.as_bytes(), key_bearer.as_bytes());
        let (none, refused) = (Claims::default, Some(Code::SessionInactive));
        for (claims, expected) in [
            (
                Claims {
                    session_token: &[token],
                    ..none()
                },
                None,
            ),
            (
                Claims {
                    session_cookie: &[token],
                    ..none()
                },
                None,
            ),
            (
                Claims {
                    authorization: &[bearer],
                    ..none()
                },
                None,
            ),
            (none(), refused),
            (
                Claims {
                    session_token: &[token, token],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    session_cookie: &[token, token],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    session_token: &[token],
                    session_cookie: &[token],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    session_token: &[token],
                    authorization: &[bearer],
                    ..none()
                },
                refused,
            ),
            // A key is no session, and beside a session it is one credential too many.
            (
                Claims {
                    api_key: &[key],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    api_key: &[token],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    authorization: &[key_bearer],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    session_token: &[key],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    api_key: &[key],
                    session_token: &[token],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    api_key: &[key],
                    session_cookie: &[token],
                    ..none()
                },
                refused,
            ),
        ] {
            assert_eq!(
                session_code(&admission, claims).await,
                expected,
                "{claims:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_session_token_opens_nothing_that_asks_for_a_key() {
        let (token, key, admission) = session(|_| {});
        let (token, key) = (token.reveal(), key.reveal());
        let bearer = format!("Bearer {token}");
        let (token, key, bearer) = (token.as_bytes(), key.as_bytes(), bearer.as_bytes());
        let (none, refused) = (Claims::default, Some(Code::Unauthenticated));
        for (claims, expected) in [
            (
                Claims {
                    api_key: &[token],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    authorization: &[bearer],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    session_token: &[token],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    session_cookie: &[token],
                    ..none()
                },
                refused,
            ),
            (
                Claims {
                    api_key: &[key],
                    session_token: &[token],
                    ..none()
                },
                refused,
            ),
            // A browser's cookie is not looked at.
            (
                Claims {
                    api_key: &[key],
                    session_cookie: &[token],
                    ..none()
                },
                None,
            ),
        ] {
            let code = code(&admission, claims, TenantHeader::Optional).await;
            assert_eq!(code, expected, "{claims:?}");
        }
    }

    #[tokio::test]
    async fn a_session_that_does_not_count_is_as_one_that_is_not_there() {
        let changes: [fn(&mut SessionRecord<()>); 6] = [
            |session| session.enabled = false,
            |session| session.expires_at = SystemClock.now(),
            |session| session.identity_state = State::Inactive,
            |session| session.tenant_state = TenantState::Suspended,
            |session| session.tenant_state = TenantState::Deleted,
            |session| session.secret_sha256 = [0; 32],
        ];
        for change in changes {
            let (token, _, admission) = session(change);
            let text = token.reveal();
            let claims = Claims {
                session_token: &[text.as_bytes()],
                ..Claims::default()
            };
            let code = session_code(&admission, claims).await;
            assert_eq!(code, Some(Code::SessionInactive));
        }
    }

    #[tokio::test]
    async fn abuse_02_a_session_must_agree_with_the_tenant_header_where_it_is_sent() {
        let (token, _, admission) = session(|_| {});
        let text = token.reveal();
        let (own, other) = (token.tenant().to_string(), key().tenant().to_string());
        let (own, other) = (own.as_bytes(), other.as_bytes());
        let cases: [(&[&[u8]], Option<Code>); 5] = [
            (&[], None),
            (&[own], None),
            (&[other], Some(Code::TenantMismatch)),
            (&[own, other], Some(Code::InvalidTenantId)),
            (&[b"demo"], Some(Code::InvalidTenantId)),
        ];
        for (tenant, expected) in cases {
            let claims = Claims {
                session_token: &[text.as_bytes()],
                tenant,
                ..Claims::default()
            };
            assert_eq!(session_code(&admission, claims).await, expected);
        }
    }
}

//! Who gets in, and in which order refusals come.

use std::collections::HashMap;

use palisade_identity::{IdentityId, ProviderId, SessionId, Timestamp};

use super::*;
use crate::{ConnectionKeyRecord, KeyId, KeyRecord, Role, SessionRecord, SystemClock};

#[derive(Default)]
struct Keys(
    HashMap<(TenantId, KeyId), KeyRecord>,
    HashMap<(TenantId, SessionId), SessionRecord<()>>,
    HashMap<(TenantId, KeyId), ConnectionKeyRecord>,
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

    async fn connection_key(
        &self,
        tenant: TenantId,
        key: KeyId,
    ) -> Result<Option<ConnectionKeyRecord>> {
        Ok(self.2.get(&(tenant, key)).cloned())
    }

    fn used(&self, _: TenantId, _: KeyId) {}

    fn connection_key_used(&self, _: TenantId, _: KeyId) {}
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
        groups: Arc::from([]),
        presented: (),
    };
    change(&mut session);
    let keys = Keys(
        HashMap::from([((key.tenant(), key.id()), record(&key))]),
        HashMap::from([((token.tenant(), token.id()), session)]),
        HashMap::new(),
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

fn connection(
    change: impl FnOnce(&mut ConnectionKeyRecord),
) -> (ConnectionKey, Admission<Keys, SystemClock>) {
    let now = SystemClock.now();
    let key = ConnectionKey::generate(TenantId::generate(now), now).expect("randomness");
    let mut record = ConnectionKeyRecord {
        tenant: key.tenant(),
        tenant_state: TenantState::Active,
        id: key.id(),
        name: "first".into(),
        connection: ProviderId::generate(now),
        connection_name: "entra".into(),
        scopes: Role::OF_CONNECTIONS.to_vec(),
        secret_sha256: key.secret_sha256(),
        expires_at: None,
        revoked_at: None,
    };
    change(&mut record);
    let mut keys = Keys::default();
    keys.2.insert((key.tenant(), key.id()), record);
    let admission = Admission::new(Arc::new(CachedDirectory::new(keys)), SystemClock);
    (key, admission)
}

async fn connection_code(
    admission: &Admission<Keys, SystemClock>,
    claims: Claims<'_>,
) -> Option<Code> {
    let admitted = admission.admit_connection(claims).await;
    admitted.err().map(|error| error.code())
}

#[tokio::test]
async fn the_key_of_a_connection_is_good_as_a_bearer_and_for_its_own_surface_only() {
    let (key, admission) = connection(|_| {});
    let text = key.reveal();
    let bearer = format!("Bearer {text}").into_bytes();
    let authorization = [bearer.as_slice()];
    let sent = Claims {
        authorization: &authorization,
        ..Claims::default()
    };
    let caller = admission.admit_connection(sent).await.expect("is good");
    assert_eq!(caller.principal().kind(), "ScimClient");
    assert_eq!(caller.principal().name(), "entra/first");
    assert_eq!(caller.principal().roles(), Role::OF_CONNECTIONS);
    // The key is no API key, and an API key opens no connection.
    assert_eq!(
        code(&admission, sent, TenantHeader::Optional).await,
        Some(Code::Unauthenticated)
    );
    let in_header = [text.as_bytes()];
    let elsewhere = Claims {
        api_key: &in_header,
        ..Claims::default()
    };
    assert_eq!(
        connection_code(&admission, elsewhere).await,
        Some(Code::Unauthenticated)
    );
    let (api_key, keys) = self::admission(|_| {});
    let bearer = format!("Bearer {}", api_key.reveal()).into_bytes();
    let authorization = [bearer.as_slice()];
    let api_key = Claims {
        authorization: &authorization,
        ..Claims::default()
    };
    assert_eq!(
        connection_code(&keys, api_key).await,
        Some(Code::Unauthenticated)
    );
}

#[tokio::test]
async fn abuse_29_revoked_expired_and_foreign_keys_of_connections_are_refused() {
    let past = SystemClock.now() - chrono::TimeDelta::seconds(1);
    type Change = Box<dyn FnOnce(&mut ConnectionKeyRecord)>;
    let cases: [(Change, Code); 5] = [
        (
            Box::new(move |record| record.revoked_at = Some(past)),
            Code::Unauthenticated,
        ),
        (
            Box::new(move |record| record.expires_at = Some(past)),
            Code::Unauthenticated,
        ),
        (
            Box::new(|record| record.secret_sha256 = [0; 32]),
            Code::Unauthenticated,
        ),
        (
            Box::new(|record| record.tenant_state = TenantState::Deleted),
            Code::Unauthenticated,
        ),
        (
            Box::new(|record| record.tenant_state = TenantState::Suspended),
            Code::TenantSuspended,
        ),
    ];
    for (change, expected) in cases {
        let (key, admission) = connection(change);
        let bearer = format!("bearer {}", key.reveal()).into_bytes();
        let authorization = [bearer.as_slice()];
        let sent = Claims {
            authorization: &authorization,
            ..Claims::default()
        };
        assert_eq!(connection_code(&admission, sent).await, Some(expected));
    }
    let (key, admission) = connection(|_| {});
    let bearer = format!("Bearer {}", key.reveal()).into_bytes();
    let other = TenantId::generate(SystemClock.now()).to_string();
    let (authorization, tenant) = ([bearer.as_slice()], [other.as_bytes()]);
    let sent = Claims {
        authorization: &authorization,
        tenant: &tenant,
        ..Claims::default()
    };
    assert_eq!(
        connection_code(&admission, sent).await,
        Some(Code::TenantMismatch)
    );
}

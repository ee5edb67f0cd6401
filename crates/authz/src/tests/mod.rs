//! Tests that need more than one module, and what they share.

mod catalogue;
mod deciding;
mod depth;
mod freshness;
mod locking_out;
mod matrix;
mod slicing;
mod validating;

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use palisade_envelope::Result;
use palisade_tenancy::{
    Admission, ApiKey, CachedDirectory, Caller, Clock as _, Directory, KeyId, KeyRecord, Principal,
    Role, SystemClock, TenantId, TenantState,
    admit::{Claims, TenantHeader},
};

use crate::{PolicySource, StoredPolicies, StoredPolicy, compiled::Compiled, engine::Engine};

/// The tenant of the tests.
pub(crate) fn home() -> TenantId {
    TenantId::parse("0190f3c0-0000-7000-8000-00000000000a").expect("is a UUID")
}

/// Another one.
pub(crate) fn elsewhere() -> TenantId {
    TenantId::parse("0190f3c0-0000-7000-8000-00000000000b").expect("is a UUID")
}

pub(crate) fn engine() -> &'static Arc<Engine> {
    static ENGINE: LazyLock<Arc<Engine>> =
        LazyLock::new(|| Arc::new(Engine::new().expect("the platform is valid")));
    &ENGINE
}

pub(crate) fn key(number: u8) -> KeyId {
    KeyId::parse(&format!("0190f3c0-0000-7000-8000-0000000001{number:02}")).expect("is a UUID")
}

pub(crate) fn api_key(number: u8, roles: &[Role]) -> Principal {
    Principal::ApiKey {
        id: key(number),
        name: "test".into(),
        roles: roles.into(),
    }
}

/// An identity; 0: the one that an ordinary session is of.
pub(crate) fn identity(number: u8) -> Principal {
    let id = match number {
        0 => palisade_identity::ids::Uuid::max(),
        number => key(number).as_uuid(),
    };
    Principal::Identity {
        id: palisade_identity::IdentityId::from_uuid(id),
        name: "session".into(),
        credential: palisade_tenancy::IdentityCredential::Session,
        roles: [].into(),
        groups: [].into(),
        schema_id: "default".into(),
        state: palisade_identity::State::Active,
    }
}

/// The identity [`identity`], in these groups.
pub(crate) fn member(number: u8, groups: &[palisade_identity::GroupId]) -> Principal {
    let mut principal = identity(number);
    if let Principal::Identity { groups: of, .. } = &mut principal {
        *of = groups.into();
    }
    principal
}

/// A provisioning system.
pub(crate) fn scim_client(scopes: &[Role]) -> Principal {
    Principal::ScimClient {
        connection: palisade_identity::ProviderId::from_uuid(key(7).as_uuid()),
        key: key(8),
        name: "entra/test".into(),
        scopes: scopes.into(),
    }
}

/// The identity that [`identity`] is, with the token of an issuer.
pub(crate) fn token(roles: &[Role]) -> Principal {
    Principal::Identity {
        id: palisade_identity::IdentityId::from_uuid(palisade_identity::ids::Uuid::max()),
        name: "token of acme".into(),
        credential: palisade_tenancy::IdentityCredential::Token,
        roles: roles.into(),
        groups: [].into(),
        schema_id: "default".into(),
        state: palisade_identity::State::Active,
    }
}

/// An identity provider: the one that an ordinary resource of that kind is, or another.
pub(crate) fn provider(ordinary: bool) -> Principal {
    let id = if ordinary {
        palisade_identity::ids::Uuid::max()
    } else {
        key(1).as_uuid()
    };
    Principal::IdentityProvider {
        id: palisade_identity::ProviderId::from_uuid(id),
        name: "acme".into(),
    }
}

pub(crate) fn operator() -> Principal {
    Principal::Operator {
        id: key(9),
        name: "test".into(),
    }
}

pub(crate) fn stored(version: i64, documents: &[(&str, &str)]) -> StoredPolicies {
    let policies = documents
        .iter()
        .map(|(name, text)| StoredPolicy {
            name: (*name).to_owned(),
            text: (*text).into(),
        })
        .collect();
    StoredPolicies { version, policies }
}

pub(crate) fn compiled(documents: &[(&str, &str)]) -> Compiled {
    Compiled::new(&engine().platform, home(), &stored(1, documents)).expect("compiles")
}

/// Policies that tests change under the gate, and how often they were asked for.
#[derive(Clone, Default)]
pub(crate) struct Memory(pub(crate) Arc<Mutex<(HashMap<TenantId, StoredPolicies>, usize)>>);

impl Memory {
    pub(crate) fn put(&self, tenant: TenantId, policies: StoredPolicies) {
        self.0
            .lock()
            .expect("not poisoned")
            .0
            .insert(tenant, policies);
    }

    pub(crate) fn loads(&self) -> usize {
        self.0.lock().expect("not poisoned").1
    }
}

impl PolicySource for Memory {
    async fn policies(&self, tenant: TenantId) -> Result<StoredPolicies> {
        let mut memory = self.0.lock().expect("not poisoned");
        memory.1 += 1;
        Ok(memory.0.get(&tenant).cloned().unwrap_or_default())
    }
}

struct OneKey(KeyRecord, Option<palisade_tenancy::ConnectionKeyRecord>);

impl Directory for OneKey {
    type Presented = ();

    async fn session(
        &self,
        _: TenantId,
        _: palisade_identity::SessionId,
    ) -> Result<Option<palisade_tenancy::SessionRecord<()>>> {
        Ok(None)
    }

    async fn key(&self, tenant: TenantId, key: KeyId) -> Result<Option<KeyRecord>> {
        Ok((self.0.tenant == tenant && self.0.id == key).then(|| self.0.clone()))
    }

    async fn connection_key(
        &self,
        _: TenantId,
        _: KeyId,
    ) -> Result<Option<palisade_tenancy::ConnectionKeyRecord>> {
        Ok(self.1.clone())
    }

    fn used(&self, _: TenantId, _: KeyId) {}

    fn connection_key_used(&self, _: TenantId, _: KeyId) {}
}

fn key_record(tenant: TenantId, key: &ApiKey, roles: &[Role]) -> KeyRecord {
    KeyRecord {
        tenant,
        tenant_state: TenantState::Active,
        id: key.id(),
        name: "test".into(),
        roles: roles.to_vec(),
        secret_sha256: key.secret_sha256(),
        expires_at: None,
        revoked_at: None,
        allowed_cidrs: Vec::new(),
    }
}

/// A provisioning system as the admission makes one.
pub(crate) async fn scim_caller() -> Arc<Caller> {
    let now = SystemClock.now();
    let api_key = ApiKey::generate(home(), now).expect("randomness");
    let key = palisade_tenancy::ConnectionKey::generate(home(), now).expect("randomness");
    let record = palisade_tenancy::ConnectionKeyRecord {
        tenant: home(),
        tenant_state: TenantState::Active,
        id: key.id(),
        name: "test".into(),
        connection: palisade_identity::ProviderId::generate(now),
        connection_name: "entra".into(),
        scopes: Role::OF_CONNECTIONS.to_vec(),
        secret_sha256: key.secret_sha256(),
        expires_at: None,
        revoked_at: None,
    };
    let directory = OneKey(key_record(home(), &api_key, &[]), Some(record));
    let admission = Admission::new(Arc::new(CachedDirectory::new(directory)), SystemClock);
    let bearer = format!("Bearer {}", key.reveal()).into_bytes();
    let claims = Claims {
        authorization: &[bearer.as_slice()],
        ..Claims::default()
    };
    admission
        .admit_connection(claims)
        .await
        .expect("the key is good")
}

/// A caller as the admission makes one: there is no other way to get one.
pub(crate) async fn caller(tenant: TenantId, roles: &[Role]) -> Arc<Caller> {
    let key = ApiKey::generate(tenant, SystemClock.now()).expect("randomness");
    let record = key_record(tenant, &key, roles);
    let admission = Admission::new(
        Arc::new(CachedDirectory::new(OneKey(record, None))),
        SystemClock,
    );
    let text = key.reveal();
    let claims = Claims {
        api_key: &[text.as_bytes()],
        ..Claims::default()
    };
    admission
        .admit(claims, TenantHeader::Optional)
        .await
        .expect("the key is good")
}

//! The port to the tenants and keys that are stored, and the cache before it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ipnet::IpNet;
use moka::future::Cache;
use palisade_envelope::Result;
use palisade_identity::{GroupId, IdentityId, LinkId, ProviderId, SessionId, State, Timestamp};
use serde::Serialize;

use crate::{
    Caller, KeyId, Principal, Role, TenantId,
    issuer::{AccountState, Profile, TenantIssuers},
};

/// Whether a tenant's callers are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantState {
    /// They are.
    Active,
    /// They get 403 `tenant_suspended`.
    Suspended,
    /// Marked for deletion: nobody gets in (401), the data waits for the purge.
    Deleted,
}

impl TenantState {
    /// As it stands in JSON, policies and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }

    /// The state that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Deleted]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// What is stored of an API key, and the state of its tenant, as one look-up returns them.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    /// The tenant; [`TenantId::PLATFORM`] for operator keys.
    pub tenant: TenantId,
    /// The state of that tenant.
    pub tenant_state: TenantState,
    /// The key.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// Its roles; not looked at for operator keys.
    pub roles: Vec<Role>,
    /// SHA-256 of the secret.
    pub secret_sha256: [u8; 32],
    /// After this it is refused.
    pub expires_at: Option<Timestamp>,
    /// From this on it is refused.
    pub revoked_at: Option<Timestamp>,
    /// The addresses that it may be used from; empty: any.
    pub allowed_cidrs: Vec<IpNet>,
}

/// What is stored of the key of a connection, and the state of its tenant, as one look-up returns them.
#[derive(Clone, Debug)]
pub struct ConnectionKeyRecord {
    /// The tenant.
    pub tenant: TenantId,
    /// The state of that tenant.
    pub tenant_state: TenantState,
    /// The key.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// The connection.
    pub connection: ProviderId,
    /// The connection's name.
    pub connection_name: String,
    /// What it is good for.
    pub scopes: Vec<Role>,
    /// SHA-256 of the secret.
    pub secret_sha256: [u8; 32],
    /// After this it is refused.
    pub expires_at: Option<Timestamp>,
    /// From this on it is refused.
    pub revoked_at: Option<Timestamp>,
}

/// What is stored of a session, the state of its tenant and its identity, as one look-up returns them.
#[derive(Clone, Debug)]
pub struct SessionRecord<P> {
    /// The state of the tenant.
    pub tenant_state: TenantState,
    /// SHA-256 of the secret.
    pub secret_sha256: [u8; 32],
    /// Whether it was not ended.
    pub enabled: bool,
    /// From this on it is refused.
    pub expires_at: Timestamp,
    /// Whose session it is.
    pub identity: IdentityId,
    /// The schema of that identity.
    pub schema_id: String,
    /// The state of that identity.
    pub identity_state: State,
    /// The groups that that identity is in, by other groups as well, sorted, each once.
    pub groups: Arc<[GroupId]>,
    /// The rows themselves, so that they are not read a second time.
    pub presented: P,
}

/// The stored tenants, keys and sessions. The store implements it.
pub trait Directory: Send + Sync + 'static {
    /// What is loaded of a session beside what its verification needs. The admission hands it on and can't look in.
    type Presented: Send + 'static;

    /// The session of that tenant, with its identity and its tenant's state, by primary key and in one statement;
    /// `None` where there is none.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    fn session(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> impl Future<Output = Result<Option<SessionRecord<Self::Presented>>>> + Send;

    /// The key of that tenant with its tenant's state, by primary key; `None` where there is none.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    fn key(
        &self,
        tenant: TenantId,
        key: KeyId,
    ) -> impl Future<Output = Result<Option<KeyRecord>>> + Send;

    /// The key of a connection of that tenant, with its tenant's state; `None` where there is none.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    fn connection_key(
        &self,
        tenant: TenantId,
        key: KeyId,
    ) -> impl Future<Output = Result<Option<ConnectionKeyRecord>>> + Send;

    /// The tenant's state and the enabled providers whose tokens it takes, in one statement; `None` where there is no such
    /// tenant.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    fn issuers(
        &self,
        tenant: TenantId,
    ) -> impl Future<Output = Result<Option<TenantIssuers>>> + Send {
        let _ = tenant;
        std::future::ready(Ok(None))
    }

    /// What is known of the account of this subject at this provider, and whom it is linked to, in one statement.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    fn account(
        &self,
        tenant: TenantId,
        provider: ProviderId,
        subject: &str,
    ) -> impl Future<Output = Result<AccountState>> + Send {
        let _ = (tenant, provider, subject);
        std::future::ready(Ok(AccountState::Unknown))
    }

    /// Notes what the provider said of an account just now. Cheap: written down later, many at a time.
    fn synced(&self, tenant: TenantId, link: LinkId, profile: &Profile) {
        let _ = (tenant, link, profile);
    }

    /// Notes that the key was used just now. Cheap: written down later, many at a time.
    fn used(&self, tenant: TenantId, key: KeyId);

    /// The same of the key of a connection.
    fn connection_key_used(&self, tenant: TenantId, key: KeyId);
}

/// What another node (or this one) changed, so that what is cached of it must go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// Keys, state, policies or providers of one tenant.
    Tenant(TenantId),
    /// Unknown: the listener was away.
    Everything,
}

/// One cached look-up.
pub(crate) struct Entry<R> {
    pub(crate) record: R,
    pub(crate) caller: Arc<Caller>,
    loaded: Instant,
}

/// One cached look-up of a tenant's issuers.
pub(crate) struct Issuers {
    pub(crate) of: TenantIssuers,
    loaded: Instant,
}

type Entries<R> = Cache<(TenantId, KeyId), Arc<Entry<R>>>;

/// A [`Directory`] with a cache before it. Every key of the cache contains the tenant.
///
/// While the node hears of changes ([`CachedDirectory::set_live`]), entries live for [`Self::LIVE`];
/// while it does not, for [`Self::BLIND`].
pub struct CachedDirectory<D> {
    inner: D,
    keys: Entries<KeyRecord>,
    connections: Entries<ConnectionKeyRecord>,
    issuers: moka::sync::Cache<TenantId, Arc<Issuers>>,
    live: AtomicBool,
    generation: AtomicU64,
}

impl<D: Directory> CachedDirectory<D> {
    /// How long an entry counts while changes are heard of.
    pub const LIVE: Duration = Duration::from_secs(60);
    /// How long an entry counts while they are not.
    pub const BLIND: Duration = Duration::from_millis(500);

    /// A cache of up to 100,000 keys before `inner`.
    pub fn new(inner: D) -> Self {
        Self {
            inner,
            keys: entries(Self::LIVE),
            connections: entries(Self::LIVE),
            issuers: moka::sync::Cache::builder()
                .max_capacity(10_000)
                .time_to_live(Self::LIVE)
                .build(),
            live: AtomicBool::new(false),
            generation: AtomicU64::new(0),
        }
    }

    /// The directory behind the cache.
    pub const fn inner(&self) -> &D {
        &self.inner
    }

    /// Tells whether changes are heard of at the moment.
    pub fn set_live(&self, live: bool) {
        self.live.store(live, Ordering::Release);
    }

    /// Forgets what is cached of what was changed.
    pub fn invalidate(&self, what: Invalidation) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        forget(&self.keys, what);
        forget(&self.connections, what);
        match what {
            Invalidation::Everything => self.issuers.invalidate_all(),
            Invalidation::Tenant(tenant) => self.issuers.invalidate(&tenant),
        }
    }

    /// How long an entry counts at the moment.
    fn bound(&self) -> Duration {
        if self.live.load(Ordering::Acquire) {
            Self::LIVE
        } else {
            Self::BLIND
        }
    }

    /// The tenant's issuers; `None` where there is no such tenant, or it takes no tokens.
    pub(crate) async fn issuers(&self, tenant: TenantId) -> Result<Option<Arc<Issuers>>> {
        if let Some(found) = self.issuers.get(&tenant)
            && found.loaded.elapsed() < self.bound()
        {
            return Ok(Some(found));
        }
        let loaded = Instant::now();
        let generation = self.generation.load(Ordering::SeqCst);
        let Some(of) = self.inner.issuers(tenant).await? else {
            return Ok(None);
        };
        // As with keys: tenants without are not kept, so that made-up ones push nothing out.
        if of.issuers.is_empty() {
            return Ok(None);
        }
        let found = Arc::new(Issuers { of, loaded });
        self.issuers.insert(tenant, Arc::clone(&found));
        if self.generation.load(Ordering::SeqCst) != generation {
            self.issuers.invalidate(&tenant);
        }
        Ok(Some(found))
    }

    pub(crate) async fn key(
        &self,
        tenant: TenantId,
        key: KeyId,
    ) -> Result<Option<Arc<Entry<KeyRecord>>>> {
        let load = self.inner.key(tenant, key);
        self.entry(&self.keys, (tenant, key), load, |record| {
            let principal = if tenant == TenantId::PLATFORM {
                Principal::Operator {
                    id: record.id,
                    name: record.name.as_str().into(),
                }
            } else {
                Principal::ApiKey {
                    id: record.id,
                    name: record.name.as_str().into(),
                    roles: sorted(&record.roles),
                }
            };
            Caller::new(tenant, principal, record.tenant_state)
        })
        .await
    }

    pub(crate) async fn connection_key(
        &self,
        tenant: TenantId,
        key: KeyId,
    ) -> Result<Option<Arc<Entry<ConnectionKeyRecord>>>> {
        let load = self.inner.connection_key(tenant, key);
        self.entry(&self.connections, (tenant, key), load, |record| {
            let principal = Principal::ScimClient {
                connection: record.connection,
                key: record.id,
                name: format!("{}/{}", record.connection_name, record.name).into(),
                scopes: sorted(&record.scopes),
            };
            Caller::new(tenant, principal, record.tenant_state)
        })
        .await
    }

    async fn entry<R: Send + Sync + 'static>(
        &self,
        entries: &Entries<R>,
        key: (TenantId, KeyId),
        load: impl Future<Output = Result<Option<R>>>,
        caller: impl FnOnce(&R) -> Caller,
    ) -> Result<Option<Arc<Entry<R>>>> {
        let bound = self.bound();
        // Absent keys are not cached: a stream of made-up ids must not push real ones out.
        if let Some(entry) = entries.get(&key).await
            && entry.loaded.elapsed() < bound
        {
            return Ok(Some(entry));
        }
        let loaded = Instant::now();
        let generation = self.generation.load(Ordering::SeqCst);
        let Some(record) = load.await? else {
            return Ok(None);
        };
        let caller = Arc::new(caller(&record));
        let entry = Arc::new(Entry {
            record,
            caller,
            loaded,
        });
        entries.insert(key, Arc::clone(&entry)).await;
        if self.generation.load(Ordering::SeqCst) != generation {
            // Something changed while this was loading: what was loaded may be older than the change, and
            // the invalidation may have come before the insert.
            entries.invalidate(&key).await;
        }
        Ok(Some(entry))
    }
}

fn entries<R: Send + Sync + 'static>(live: Duration) -> Entries<R> {
    Cache::builder()
        .max_capacity(100_000)
        .time_to_live(live)
        .support_invalidation_closures()
        .build()
}

fn forget<R: Send + Sync + 'static>(entries: &Entries<R>, what: Invalidation) {
    match what {
        Invalidation::Everything => entries.invalidate_all(),
        Invalidation::Tenant(tenant) => {
            // Refused only when the cache was built without closures; then forgetting all is right, too.
            if entries
                .invalidate_entries_if(move |key, _| key.0 == tenant)
                .is_err()
            {
                entries.invalidate_all();
            }
        }
    }
}

fn sorted(roles: &[Role]) -> Arc<[Role]> {
    let mut roles = roles.to_vec();
    roles.sort_unstable();
    roles.dedup();
    roles.into()
}

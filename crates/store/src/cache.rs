//! What is kept of tenants, by tenant and name.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use moka::sync::Cache;
use palisade_tenancy::{Invalidation, TenantId};

/// How long an entry counts while changes are heard of.
const LIVE: Duration = Duration::from_secs(60);
/// How long it counts while they are not.
const BLIND: Duration = Duration::from_millis(500);

/// A cache. Every key contains the tenant.
pub(crate) struct TenantCache<V> {
    entries: Cache<(TenantId, String), (Arc<V>, Instant)>,
    live: AtomicBool,
    generation: AtomicU64,
}

impl<V: Send + Sync + 'static> TenantCache<V> {
    pub(crate) fn new() -> Self {
        let entries = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(LIVE)
            .support_invalidation_closures()
            .build();
        Self {
            entries,
            live: AtomicBool::new(false),
            generation: AtomicU64::new(0),
        }
    }

    pub(crate) fn set_live(&self, live: bool) {
        self.live.store(live, Ordering::Release);
    }

    pub(crate) fn forget(&self, what: Invalidation) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        match what {
            Invalidation::Everything => self.entries.invalidate_all(),
            Invalidation::Tenant(tenant) => {
                // Refused only when the cache was built without closures; then forgetting all is right, too.
                if self
                    .entries
                    .invalidate_entries_if(move |key, _| key.0 == tenant)
                    .is_err()
                {
                    self.entries.invalidate_all();
                }
            }
        }
    }

    pub(crate) fn get(&self, tenant: TenantId, name: &str) -> Option<Arc<V>> {
        let bound = if self.live.load(Ordering::Acquire) {
            LIVE
        } else {
            BLIND
        };
        let (value, loaded) = self.entries.get(&(tenant, name.to_owned()))?;
        (loaded.elapsed() < bound).then_some(value)
    }

    /// To be asked before a value is loaded, and given to [`TenantCache::keep`] after.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Keeps a value, unless something was changed since it was loaded.
    pub(crate) fn keep(
        &self,
        tenant: TenantId,
        name: &str,
        value: &Arc<V>,
        (loaded, generation): (Instant, u64),
    ) {
        let key = (tenant, name.to_owned());
        self.entries
            .insert(key.clone(), (Arc::clone(value), loaded));
        if self.generation() != generation {
            // The change may have come before the insert.
            self.entries.invalidate(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use palisade_identity::ids::Uuid;

    use super::*;

    #[test]
    fn abuse_05_what_is_cached_of_one_tenant_is_never_anothers() {
        let (tenant, other) = (
            TenantId::from_uuid(Uuid::from_u128(1)),
            TenantId::from_uuid(Uuid::from_u128(2)),
        );
        let cache = TenantCache::<u8>::new();
        let loaded = (Instant::now(), cache.generation());
        cache.keep(tenant, "default", &Arc::new(7), loaded);
        assert!(cache.get(tenant, "default").is_some());
        assert!(cache.get(other, "default").is_none());
        cache.forget(Invalidation::Tenant(other));
        assert!(cache.get(tenant, "default").is_some());
        cache.forget(Invalidation::Tenant(tenant));
        assert!(cache.get(tenant, "default").is_none());
    }

    #[test]
    fn what_was_loaded_before_a_change_is_not_kept_after_it() {
        let cache = TenantCache::<u8>::new();
        let generation = cache.generation();
        cache.forget(Invalidation::Everything);
        let loaded = (Instant::now(), generation);
        cache.keep(TenantId::PLATFORM, "default", &Arc::new(7), loaded);
        assert!(cache.get(TenantId::PLATFORM, "default").is_none());
    }
}

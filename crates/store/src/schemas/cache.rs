//! Compiled schemas, kept by tenant and id.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use moka::sync::Cache;
use palisade_identity::schema::IdentitySchema;
use palisade_tenancy::{Invalidation, TenantId};

/// How long an entry counts while changes are heard of.
const LIVE: Duration = Duration::from_secs(60);
/// How long it counts while they are not.
const BLIND: Duration = Duration::from_millis(500);

type Entry = (Arc<IdentitySchema>, Instant);

/// The cache. Every key contains the tenant.
pub(crate) struct SchemaCache {
    entries: Cache<(TenantId, String), Entry>,
    live: AtomicBool,
    generation: AtomicU64,
}

impl SchemaCache {
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

    pub(crate) fn get(&self, tenant: TenantId, id: &str) -> Option<Arc<IdentitySchema>> {
        let bound = if self.live.load(Ordering::Acquire) {
            LIVE
        } else {
            BLIND
        };
        let (schema, loaded) = self.entries.get(&(tenant, id.to_owned()))?;
        (loaded.elapsed() < bound).then_some(schema)
    }

    /// To be asked before a schema is loaded, and given to [`SchemaCache::keep`] after.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Keeps a schema, unless something was changed since it was loaded.
    pub(crate) fn keep(
        &self,
        tenant: TenantId,
        schema: &Arc<IdentitySchema>,
        loaded: Instant,
        generation: u64,
    ) {
        let key = (tenant, schema.id().to_owned());
        self.entries
            .insert(key.clone(), (Arc::clone(schema), loaded));
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

    fn schema() -> Arc<IdentitySchema> {
        let document = IdentitySchema::default_document();
        Arc::new(IdentitySchema::compile("default", &document).expect("compiles"))
    }

    #[test]
    fn abuse_05_a_cached_schema_of_one_tenant_is_never_anothers() {
        let (tenant, other) = (
            TenantId::from_uuid(Uuid::from_u128(1)),
            TenantId::from_uuid(Uuid::from_u128(2)),
        );
        let cache = SchemaCache::new();
        cache.keep(tenant, &schema(), Instant::now(), cache.generation());
        assert!(cache.get(tenant, "default").is_some());
        assert!(cache.get(other, "default").is_none());
        cache.forget(Invalidation::Tenant(other));
        assert!(cache.get(tenant, "default").is_some());
        cache.forget(Invalidation::Tenant(tenant));
        assert!(cache.get(tenant, "default").is_none());
    }

    #[test]
    fn what_was_loaded_before_a_change_is_not_kept_after_it() {
        let cache = SchemaCache::new();
        let generation = cache.generation();
        cache.forget(Invalidation::Everything);
        cache.keep(TenantId::PLATFORM, &schema(), Instant::now(), generation);
        assert!(cache.get(TenantId::PLATFORM, "default").is_none());
    }
}

//! The compiled policies of each tenant, and when they must be asked for again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use moka::{ops::compute::Op, policy::EvictionPolicy, sync::Cache};
use palisade_envelope::{Error, Result};
use palisade_tenancy::{Invalidation, TenantId};
use tokio::sync::Mutex;

use crate::{PolicySource, compiled::Compiled, engine::Engine};

/// One tenant's place in the cache. It outlives what is in it, so that many requests wait for one load.
#[derive(Default)]
struct Slot {
    current: ArcSwapOption<Loaded>,
    /// Rises with each invalidation of the tenant.
    changes: AtomicU64,
    /// About how many bytes `current` takes.
    size: AtomicU32,
    loading: Mutex<()>,
}

struct Loaded {
    compiled: Arc<Compiled>,
    at: Instant,
    /// Both counters as they were before the load began: a change in between makes it old at once.
    changes: (u64, u64),
}

/// A [`PolicySource`] with compiled policies before it.
pub(crate) struct PolicyCache<P> {
    source: P,
    slots: Cache<TenantId, Arc<Slot>>,
    /// Rises with each invalidation of everything.
    everything: AtomicU64,
    live: AtomicBool,
}

impl<P: PolicySource> PolicyCache<P> {
    /// How long policies count while changes are heard of.
    pub(crate) const LIVE: Duration = Duration::from_secs(60);
    /// How long they count while changes are not heard of.
    pub(crate) const BLIND: Duration = Duration::from_millis(500);
    /// Bytes of compiled policies to keep.
    const CAPACITY: u64 = 512 * 1024 * 1024;

    pub(crate) fn new(source: P) -> Self {
        let slots = Cache::builder()
            .max_capacity(Self::CAPACITY)
            .weigher(|_, slot: &Arc<Slot>| slot.size.load(Ordering::Relaxed))
            .time_to_idle(Duration::from_secs(600))
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self {
            source,
            slots,
            everything: AtomicU64::new(0),
            live: AtomicBool::new(false),
        }
    }

    pub(crate) fn set_live(&self, live: bool) {
        self.live.store(live, Ordering::Release);
    }

    pub(crate) fn invalidate(&self, what: Invalidation) {
        match what {
            Invalidation::Everything => {
                self.everything.fetch_add(1, Ordering::AcqRel);
            }
            Invalidation::Tenant(tenant) => {
                if let Some(slot) = self.slots.get(&tenant) {
                    slot.changes.fetch_add(1, Ordering::AcqRel);
                }
            }
        }
    }

    /// The tenant's policies as of less than the bound ago.
    ///
    /// # Errors
    /// Those of the source: what can't be had is not guessed.
    pub(crate) async fn get(
        &self,
        engine: &Arc<Engine>,
        tenant: TenantId,
    ) -> Result<Arc<Compiled>> {
        let slot = match self.slots.get(&tenant) {
            Some(slot) => slot,
            None => self.slots.get_with(tenant, Arc::default),
        };
        if let Some(compiled) = self.fresh(&slot) {
            return Ok(compiled);
        }
        let _alone = slot.loading.lock().await;
        if let Some(compiled) = self.fresh(&slot) {
            return Ok(compiled);
        }
        let (changes, at) = (self.changes(&slot), Instant::now());
        let stored = self.source.policies(tenant).await?;
        let before = slot
            .current
            .load_full()
            .map(|loaded| Arc::clone(&loaded.compiled));
        let compiled = match before {
            Some(compiled) if compiled.is_of(&stored) => compiled,
            _ if stored.policies.is_empty() => {
                Arc::new(Compiled::new(&engine.platform, tenant, &stored)?)
            }
            _ => {
                let engine = Arc::clone(engine);
                let work = move || Compiled::new(&engine.platform, tenant, &stored);
                let compiled = tokio::task::spawn_blocking(work).await;
                Arc::new(compiled.map_err(Error::internal)??)
            }
        };
        if !compiled.broken.is_empty() {
            tracing::error!(
                tenant.id = %tenant,
                policies = ?compiled.broken,
                "stored policies can't be read; everything is refused to the tenant until they are replaced"
            );
        }
        slot.size.store(compiled.size(), Ordering::Relaxed);
        slot.current.store(Some(Arc::new(Loaded {
            compiled: Arc::clone(&compiled),
            at,
            changes,
        })));
        self.weigh(tenant, &slot);
        Ok(compiled)
    }

    /// Lets the cache weigh the slot anew, if it still is the tenant's: another one may have taken its place,
    /// and heard of changes that this one did not.
    fn weigh(&self, tenant: TenantId, slot: &Arc<Slot>) {
        self.slots
            .entry(tenant)
            .and_compute_with(|entry| match entry {
                Some(entry) if Arc::ptr_eq(entry.value(), slot) => Op::Put(Arc::clone(slot)),
                _ => Op::Nop,
            });
    }

    fn fresh(&self, slot: &Slot) -> Option<Arc<Compiled>> {
        let loaded = slot.current.load();
        let loaded = loaded.as_ref()?;
        let bound = if self.live.load(Ordering::Acquire) {
            Self::LIVE
        } else {
            Self::BLIND
        };
        (loaded.changes == self.changes(slot) && loaded.at.elapsed() < bound)
            .then(|| Arc::clone(&loaded.compiled))
    }

    fn changes(&self, slot: &Slot) -> (u64, u64) {
        (
            self.everything.load(Ordering::Acquire),
            slot.changes.load(Ordering::Acquire),
        )
    }
}

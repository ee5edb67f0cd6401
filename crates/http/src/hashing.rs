//! Password hashing off the async threads, as many at a time as the machine has cores.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use palisade_envelope::{Code, Error, Result};
use palisade_identity::credential::hash::{self, Checked, Hash};
use palisade_tenancy::TenantId;
use rand::TryRngCore as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

/// The bounded pool. A hash of our own takes some 20 ms and 19 MiB: without the bound a burst of imports would take the
/// memory of as many hashes as there are requests. An imported one may take up to a gigabyte and seconds: of those one
/// is checked at a time, apart from the others, so that they wait for no such one; and one of a tenant, so that no
/// tenant's fill the queue of all.
pub struct HashPool {
    permits: Semaphore,
    heavy: Semaphore,
    heavy_of: Mutex<HashSet<TenantId>>,
}

/// How long a password waits for its turn.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a tenant is told to wait that has a costly hash under check.
const RETRY_AFTER_SECONDS: u64 = 5;

/// A tenant's turn at costly hashes; given up when dropped.
struct Turn<'a> {
    of: &'a Mutex<HashSet<TenantId>>,
    tenant: TenantId,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.of
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.tenant);
    }
}

impl Default for HashPool {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for HashPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashPool(..)")
    }
}

impl HashPool {
    /// A pool of as many as the machine has cores.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self {
            permits: Semaphore::new(cores),
            heavy: Semaphore::new(1),
            heavy_of: Mutex::default(),
        }
    }

    /// The argon2id hash of this password under a fresh salt.
    ///
    /// # Errors
    /// `unavailable` when its turn does not come in time; `internal` without randomness or when the program is going
    /// down.
    pub async fn argon2id(&self, plain: Zeroizing<String>) -> Result<String> {
        let _permit = turn(&self.permits).await?;
        tokio::task::spawn_blocking(move || hash::argon2id(&plain, salt()?))
            .await
            .map_err(Error::internal)?
    }

    /// Checks a password against the hash that is kept, if one is.
    ///
    /// # Errors
    /// `rate_limited` where the hash is a costly one and the tenant has another under check; otherwise as
    /// [`HashPool::argon2id`].
    pub(crate) async fn check(
        &self,
        tenant: TenantId,
        password: Zeroizing<String>,
        kept: Option<Hash>,
    ) -> Result<Checked> {
        let heavy = kept.as_ref().is_some_and(Hash::is_heavy);
        let _turn = if heavy {
            Some(self.turn_of(tenant)?)
        } else {
            None
        };
        let _permit = turn(if heavy { &self.heavy } else { &self.permits }).await?;
        tokio::task::spawn_blocking(move || hash::check(&password, kept.as_ref(), salt()?))
            .await
            .map_err(Error::internal)?
    }

    fn turn_of(&self, tenant: TenantId) -> Result<Turn<'_>> {
        let mut heavy_of = self.heavy_of.lock().unwrap_or_else(PoisonError::into_inner);
        if heavy_of.insert(tenant) {
            return Ok(Turn {
                of: &self.heavy_of,
                tenant,
            });
        }
        Err(Error::new(Code::RateLimited)
            .detail("retry_after_seconds", RETRY_AFTER_SECONDS)
            .detail("scope", "tenant"))
    }
}

async fn turn(permits: &Semaphore) -> Result<SemaphorePermit<'_>> {
    tokio::time::timeout(PATIENCE, permits.acquire())
        .await
        .map_err(|late| Error::new(Code::Unavailable).caused_by(late))?
        .map_err(Error::internal)
}

fn salt() -> Result<[u8; 16]> {
    let mut salt = [0_u8; 16];
    rand::rngs::OsRng
        .try_fill_bytes(&mut salt)
        .map_err(Error::internal)?;
    Ok(salt)
}

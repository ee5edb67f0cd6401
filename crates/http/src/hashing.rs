//! Password hashing off the async threads, as many at a time as the machine has cores.

use palisade_envelope::{Error, Result};
use rand::TryRngCore as _;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The bounded pool. A hash takes some 20 ms and 19 MiB: without the bound a burst of imports would take the memory
/// of as many hashes as there are requests.
pub(crate) struct HashPool {
    permits: Semaphore,
}

impl HashPool {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self {
            permits: Semaphore::new(cores),
        }
    }

    /// The argon2id hash of this password under a fresh salt.
    ///
    /// # Errors
    /// `internal` without randomness or when the program is going down.
    pub(crate) async fn argon2id(&self, plain: Zeroizing<String>) -> Result<String> {
        let _permit = self.permits.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let mut salt = [0_u8; 16];
            rand::rngs::OsRng
                .try_fill_bytes(&mut salt)
                .map_err(Error::internal)?;
            palisade_identity::credential::hash::argon2id(&plain, salt)
        })
        .await
        .map_err(Error::internal)?
    }
}

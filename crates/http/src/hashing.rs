//! Password hashing off the async threads, as many at a time as the machine has cores.

use palisade_envelope::{Error, Result};
use palisade_identity::credential::hash::{self, Checked, Hash};
use rand::TryRngCore as _;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The bounded pool. A hash of our own takes some 20 ms and 19 MiB: without the bound a burst of imports would take the
/// memory of as many hashes as there are requests. An imported one may take up to a gigabyte and seconds: of those one
/// is checked at a time, apart from the others, so that they wait for no such one.
pub(crate) struct HashPool {
    permits: Semaphore,
    heavy: Semaphore,
}

impl HashPool {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self {
            permits: Semaphore::new(cores),
            heavy: Semaphore::new(1),
        }
    }

    /// The argon2id hash of this password under a fresh salt.
    ///
    /// # Errors
    /// `internal` without randomness or when the program is going down.
    pub(crate) async fn argon2id(&self, plain: Zeroizing<String>) -> Result<String> {
        let _permit = self.permits.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || hash::argon2id(&plain, salt()?))
            .await
            .map_err(Error::internal)?
    }

    /// Checks a password against the hash that is kept, if one is.
    ///
    /// # Errors
    /// `internal` without randomness or when the program is going down.
    pub(crate) async fn check(
        &self,
        password: Zeroizing<String>,
        kept: Option<Hash>,
    ) -> Result<Checked> {
        let heavy = kept.as_ref().is_some_and(Hash::is_heavy);
        let permits = if heavy { &self.heavy } else { &self.permits };
        let _permit = permits.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || hash::check(&password, kept.as_ref(), salt()?))
            .await
            .map_err(Error::internal)?
    }
}

fn salt() -> Result<[u8; 16]> {
    let mut salt = [0_u8; 16];
    rand::rngs::OsRng
        .try_fill_bytes(&mut salt)
        .map_err(Error::internal)?;
    Ok(salt)
}

//! When keys were last used: noted in memory, written down every half minute.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, Weak},
    time::Duration,
};

use palisade_envelope::Result;
use palisade_identity::Timestamp;
use palisade_tenancy::{KeyId, TenantId};

use crate::{Store, fault::Fault, job::Job, row, sql::TenantSql, store::Inner, tx::TenantTx};

/// How often they are written down.
const PERIOD: Duration = Duration::from_secs(30);

const NOTE: TenantSql = TenantSql::new(
    "UPDATE api_keys SET last_used_at = $3
     WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)",
);

const NOTE_CONNECTION: TenantSql = TenantSql::new(
    "UPDATE connection_keys SET last_used_at = $3
     WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)",
);

/// Which of the two tables a key is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum KeyKind {
    /// An API key.
    Api,
    /// The key of a connection.
    Connection,
}

/// The keys that were used since they were last written down.
#[derive(Default)]
pub(crate) struct UsedKeys(Mutex<HashMap<(KeyKind, TenantId, KeyId), Timestamp>>);

impl UsedKeys {
    /// Starts the task that writes them down. It ends with the store.
    pub(crate) fn start(store: Weak<Inner>) {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PERIOD).await;
                let Some(inner) = store.upgrade() else { return };
                let store = Store { inner };
                if let Err(error) = store.inner.used.flush(&store).await {
                    tracing::warn!(cause = ?error.cause(), "the times of last use of API keys could not be written");
                }
            }
        });
    }

    pub(crate) fn note(&self, kind: KeyKind, tenant: TenantId, key: KeyId, now: Timestamp) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((kind, tenant, key), now);
    }

    /// Writes them down.
    pub(crate) async fn flush(&self, store: &Store) -> Result<()> {
        let used = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if used.is_empty() {
            return Ok(());
        }
        let mut used: Vec<_> = used
            .into_iter()
            .map(|((kind, tenant, key), at)| (kind, tenant, key, at))
            .collect();
        // Every node takes the rows in the same order, so that two never wait for each other.
        used.sort_unstable();
        store.write(NoteUse(used)).await
    }
}

struct NoteUse(Vec<(KeyKind, TenantId, KeyId, Timestamp)>);

impl Job for NoteUse {
    type Output = ();

    fn tenant(&self) -> TenantId {
        TenantId::PLATFORM
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        for (kind, tenant, key, at) in &self.0 {
            let note = match kind {
                KeyKind::Api => NOTE,
                KeyKind::Connection => NOTE_CONNECTION,
            };
            tx.of(*tenant)
                .execute(note, [key.as_uuid().into(), row::at(*at)])
                .await?;
        }
        Ok(())
    }
}

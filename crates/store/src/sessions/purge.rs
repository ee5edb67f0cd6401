//! Expired sessions go when new ones come: some of them, once in a while.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use palisade_identity::Timestamp;
use palisade_tenancy::TenantId;

use crate::{fault::Fault, row, sql::TenantSql, tx::TenantTx};

/// How often a node purges a tenant at most, in seconds.
const PERIOD_SECONDS: i64 = 10;
/// How many tenants are remembered at most.
const MOST: usize = 10_000;

// A thousand at most, so that whoever waits for a new session does not wait for years of old ones.
const PURGE: TenantSql = TenantSql::new(
    "DELETE FROM sessions WHERE tenant_id = $1 AND id IN (
        SELECT p.id FROM sessions p WHERE p.tenant_id = $1 AND p.expires_at < $2 ORDER BY p.expires_at LIMIT 1000
     )",
);

/// When this node last purged which tenant.
#[derive(Default)]
pub(crate) struct Purges(Mutex<HashMap<TenantId, Timestamp>>);

impl Purges {
    /// Whether it is time; asking makes it so that it was.
    pub(crate) fn due(&self, tenant: TenantId, now: Timestamp) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let long_ago =
            |then: &Timestamp| now.signed_duration_since(*then).num_seconds() >= PERIOD_SECONDS;
        if last.get(&tenant).is_some_and(|then| !long_ago(then)) {
            return false;
        }
        if last.len() >= MOST {
            last.retain(|_, then| !long_ago(then));
        }
        last.insert(tenant, now);
        true
    }
}

/// What expired before this is no longer kept.
pub(super) fn before(now: Timestamp, retention: Duration) -> Timestamp {
    now.checked_sub_signed(chrono::TimeDelta::from_std(retention).unwrap_or_default())
        .unwrap_or(Timestamp::MIN_UTC)
}

/// Deletes sessions that expired before this, the oldest first.
pub(super) async fn purge(tx: &TenantTx<'_>, before: Timestamp) -> Result<u64, Fault> {
    tx.execute(PURGE, [row::at(before)]).await
}

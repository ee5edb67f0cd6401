//! The replica: reads that accept old data go there, and to the primary while it can't serve.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use palisade_tenancy::TenantId;
use sea_orm::QueryResult;

use crate::{
    Store, dialect,
    fault::Fault,
    readers::Readers,
    sql::Bound,
    tx::{TenantTx, Way},
};

/// How long one statement may take there before the primary is asked.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the replica is left alone after it failed, so that not every read waits for it.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the log is told of one outage.
const WARN_EVERY: Duration = Duration::from_secs(30);

/// How fresh a read must be, or was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Consistency {
    /// All that was committed before: the primary.
    #[default]
    Strong,
    /// What the replica has by now, where there is one.
    Eventual,
}

impl Consistency {
    /// As it stands in the query and in the header `Palisade-Consistency`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Eventual => "eventual",
        }
    }
}

/// The connections to the replica, and whether it serves.
pub(crate) struct Replica {
    readers: Readers,
    outage: Mutex<Outage>,
}

#[derive(Default)]
struct Outage {
    until: Option<Instant>,
    warned: Option<Instant>,
}

impl Replica {
    pub(crate) fn open(url: &str, max_connections: u32) -> palisade_envelope::Result<Self> {
        Ok(Self {
            readers: dialect::open_replica(url, max_connections)?,
            outage: Mutex::default(),
        })
    }

    pub(crate) const fn readers(&self) -> &Readers {
        &self.readers
    }

    fn rests(&self) -> bool {
        let outage = self
            .outage
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        outage.until.is_some_and(|until| Instant::now() < until)
    }

    fn failed(&self, cause: &dyn std::fmt::Display) {
        let now = Instant::now();
        let mut outage = self
            .outage
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        outage.until = Some(now + PAUSE);
        if outage
            .warned
            .is_none_or(|warned| now.duration_since(warned) >= WARN_EVERY)
        {
            outage.warned = Some(now);
            tracing::warn!(cause = %cause, "the database replica can't serve; its reads go to the primary");
        }
    }

    /// All rows of a statement; `None` where the primary has to be asked.
    async fn all(&self, tx: &TenantTx<'_>, bound: Bound) -> Option<Vec<QueryResult>> {
        if self.rests() {
            return None;
        }
        match tokio::time::timeout(PATIENCE, tx.all_bound(bound)).await {
            Ok(Ok(rows)) => Some(rows),
            // Nothing was sent: the caller's values are at fault.
            Ok(Err(Fault::Refused(_))) => None,
            // Whatever it is: the primary tells whether it is the statement's fault.
            Ok(Err(fault)) => {
                self.failed(
                    &palisade_envelope::Error::from(fault)
                        .cause()
                        .map_or_else(|| "refused".to_owned(), ToString::to_string),
                );
                None
            }
            Err(late) => {
                self.failed(&late);
                None
            }
        }
    }
}

impl Store {
    /// All rows of a statement on a tenant's rows, from where `consistency` allows, and from where they came.
    pub(crate) async fn read_all_at(
        &self,
        consistency: Consistency,
        tenant: TenantId,
        bound: Bound,
    ) -> Result<(Vec<QueryResult>, Consistency), Fault> {
        if let (Consistency::Eventual, Some(replica)) = (consistency, &self.inner.replica) {
            let tx = TenantTx::new(
                Way::Readers(replica.readers()),
                tenant,
                self.inner.clock.now(),
            );
            match replica.all(&tx, bound.clone()).await {
                Some(rows) => return Ok((rows, Consistency::Eventual)),
                None => metrics::counter!("palisade_store_replica_fallbacks_total").increment(1),
            }
        }
        let rows = self.reader_of(tenant).all_bound(bound).await?;
        Ok((rows, Consistency::Strong))
    }
}

//! One running node: store, gate and admission, and what keeps their caches honest.

use std::{future::Future, pin::Pin, sync::Arc};

use palisade_authz::Gate;
use palisade_outbound::Fetcher;
use palisade_store::{Heard, Store, StoreOptions};
use palisade_tenancy::{
    Admission, CachedDirectory, SystemClock,
    issuer::{Fetch, KeyTimes, Tokens},
};
use tokio::task::JoinHandle;

use crate::{
    Failure,
    config::{Database, Issuers},
};

/// How many KiB of an SQLite file a connection of a node keeps in memory.
const CACHE: u32 = 65_536;
/// The same of a command that works and ends, whose memory is for something else.
const SMALL_CACHE: u32 = 32_768;

/// The store that the configuration names.
pub(crate) async fn connect(database: &Database) -> Result<Store, Failure> {
    connect_with(database, CACHE).await
}

async fn connect_with(database: &Database, page_cache_kib: u32) -> Result<Store, Failure> {
    let options = StoreOptions {
        url: database.url.reveal().to_owned(),
        max_connections: database.max_connections(),
        commit_grouping: database.commit_grouping,
        replica_url: Some(database.replica_url.reveal())
            .filter(|url| !url.is_empty())
            .map(str::to_owned),
        page_cache_kib,
    };
    Ok(Store::connect(&options, Arc::new(SystemClock)).await?)
}

/// The store, which must have every migration that this program has.
pub(crate) async fn connect_migrated(database: &Database) -> Result<Store, Failure> {
    migrated(connect(database).await?).await
}

/// The same for a command that works and ends.
pub(crate) async fn connect_for_work(database: &Database) -> Result<Store, Failure> {
    migrated(connect_with(database, SMALL_CACHE).await?).await
}

async fn migrated(store: Store) -> Result<Store, Failure> {
    let missing = store
        .migration_status()
        .await?
        .into_iter()
        .filter(|(_, applied)| !applied)
        .count();
    if missing > 0 {
        store.close().await;
        return Err(Failure::new(format!(
            "the database lacks {missing} migration{}: run `palisade migrate up`, then try again",
            if missing == 1 { "" } else { "s" }
        )));
    }
    Ok(store)
}

/// The way to where issuers are.
struct Outbound(Fetcher);

impl Fetch for Outbound {
    fn get<'a>(
        &'a self,
        url: &'a str,
        most: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>> {
        let document = self.0.get(url, most);
        Box::pin(async move { document.await.map_err(|fault| format!("{url}: {fault}")) })
    }
}

/// What verifies the tokens of issuers.
fn tokens(issuers: &Issuers) -> Result<Tokens, Failure> {
    let fetcher = Fetcher::new(issuers.reach(), issuers.fetch_timeout())
        .map_err(|error| Failure::new(format!("no TLS client can be made: {error}")))?;
    let times = KeyTimes {
        fresh: issuers.keys_fresh(),
        longest: issuers.keys_longest(),
        pause: issuers.keys_pause(),
    };
    let fetch = Arc::new(Outbound(fetcher));
    Ok(Tokens::new(fetch, times, issuers.verified()))
}

/// One running node.
pub(crate) struct Node {
    pub(crate) store: Store,
    pub(crate) gate: Arc<Gate<Store>>,
    pub(crate) admission: Arc<Admission<Store, SystemClock>>,
    changes: JoinHandle<()>,
}

impl Node {
    /// A node on this store, which listens for what other nodes change.
    /// Without `issuers`, tokens of issuers are no credentials.
    pub(crate) fn start(store: Store, issuers: Option<&Issuers>) -> Result<Self, Failure> {
        let gate = Arc::new(Gate::new(store.clone())?);
        let directory = Arc::new(CachedDirectory::new(store.clone()));
        let admission = Admission::new(Arc::clone(&directory), SystemClock);
        let admission = Arc::new(match issuers {
            Some(issuers) => admission.with_tokens(tokens(issuers)?),
            None => admission,
        });
        let deciding = Arc::clone(&gate);
        let changes = store.listen(move |heard| match heard {
            Heard::Changed(what) => {
                directory.invalidate(what);
                deciding.invalidate(what);
            }
            Heard::Live(live) => {
                directory.set_live(live);
                deciding.set_live(live);
            }
        });
        Ok(Self {
            store,
            gate,
            admission,
            changes,
        })
    }

    /// Writes down what is still queued and lets go of the database.
    pub(crate) async fn close(self) {
        self.changes.abort();
        self.store.close().await;
    }
}

//! The store: its opening, its closing, and how reads and writes reach the database.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use palisade_envelope::{Code, Error, Result};
use palisade_identity::IdentitySchema;
use palisade_migrations::Migrator;
use palisade_tenancy::{Clock, Invalidation, TenantId, TenantScope};
use rand::TryRngCore as _;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, QueryResult, Statement,
};
use sea_orm_migration::{MigrationStatus, MigratorTrait as _};

use crate::{
    Heard,
    audit::denials::Denials,
    cache::TenantCache,
    dialect,
    fault::Fault,
    idempotency::{self, Attempt, Attempted},
    job::Job,
    keys::used::UsedKeys,
    links::synced::Synced,
    listen::Sink,
    readers::Readers,
    replica::Replica,
    scim::Walks,
    session_tokens::SessionTokens,
    sessions::Purges,
    sql::TenantSql,
    tx::{TenantTx, Way},
    writer::Writer,
};

/// How to open the store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `sqlite:///<absolute path>`, `sqlite://<path>` or `postgres://<user>@<host>/<database>`.
    pub url: String,
    /// How many connections at most. On PostgreSQL half of them are for reads and half for writes; on SQLite all are for
    /// reads, beside the one that writes.
    pub max_connections: u32,
    /// SQLite: whether concurrent writes share a commit. Off it is for measurements only.
    pub commit_grouping: bool,
    /// A replica for reads that accept old data, as `url`; `None`: they read the primary.
    pub replica_url: Option<String>,
    /// SQLite: how many KiB of the file each connection to it keeps in memory.
    pub page_cache_kib: u32,
}

/// The store. Clones share one set of connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) options: StoreOptions,
    pub(crate) clock: Arc<dyn Clock>,
    readers: Arc<Readers>,
    /// For what concerns the deployment as a whole, or several tenants.
    pub(crate) common: DatabaseConnection,
    write: DatabaseConnection,
    writer: Writer,
    page_token_key: OnceLock<[u8; 32]>,
    pub(crate) sink: Sink,
    pub(crate) schemas: TenantCache<IdentitySchema>,
    pub(crate) session_tokens: TenantCache<SessionTokens>,
    pub(crate) used: UsedKeys,
    pub(crate) walks: Walks,
    pub(crate) synced: Synced,
    pub(crate) purges: Purges,
    denials: Denials,
    pub(crate) replica: Option<Replica>,
}

impl Inner {
    /// Drops what is cached of it.
    pub(crate) fn forget(&self, what: Invalidation) {
        self.schemas.forget(what);
        self.session_tokens.forget(what);
    }

    /// Says whether changes are heard of from now on.
    pub(crate) fn set_live(&self, live: bool) {
        self.schemas.set_live(live);
        self.session_tokens.set_live(live);
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(..)")
    }
}

impl Store {
    /// Opens the database. A SQLite file is made where there is none; its tables are made by [`Store::migrate_up`].
    /// To be called inside a tokio runtime that outlives the store.
    ///
    /// # Errors
    /// `invalid_request` when the URL can't be read, `unavailable` when the database can't be reached.
    pub async fn connect(options: &StoreOptions, clock: Arc<dyn Clock>) -> Result<Self> {
        let pools = dialect::open(options).await?;
        let readers = Arc::new(pools.readers);
        let replica = options
            .replica_url
            .as_deref()
            .map(|url| Replica::open(url, options.max_connections))
            .transpose()?;
        let writer = if pools.one_writer {
            Writer::one_at_a_time(
                pools.write.clone(),
                Arc::clone(&clock),
                options.commit_grouping,
            )?
        } else {
            Writer::concurrent(
                pools.write.clone(),
                Arc::clone(&readers),
                Arc::clone(&clock),
            )
        };
        let store = Self {
            inner: Arc::new(Inner {
                options: options.clone(),
                clock,
                readers,
                common: pools.common,
                write: pools.write,
                writer,
                page_token_key: OnceLock::new(),
                sink: Sink::default(),
                schemas: TenantCache::new(),
                session_tokens: TenantCache::new(),
                used: UsedKeys::default(),
                walks: Walks::new(),
                synced: Synced::default(),
                purges: Purges::default(),
                denials: Denials::new(),
                replica,
            }),
        };
        store.inner.denials.start(Arc::downgrade(&store.inner));
        UsedKeys::start(Arc::downgrade(&store.inner));
        Synced::start(Arc::downgrade(&store.inner));
        idempotency::start(Arc::downgrade(&store.inner));
        Ok(store)
    }

    /// Brings the tables up to date, all changes in one transaction; the names of those that were applied. Several
    /// nodes may do so at once: one works, the others wait.
    ///
    /// # Errors
    /// `unavailable` when the database can't be reached, `internal` when a change fails or the database is newer
    /// than this program.
    pub async fn migrate_up(&self) -> Result<Vec<String>> {
        self.migrate().await.map_err(Error::from)
    }

    async fn migrate(&self) -> Result<Vec<String>, Fault> {
        let transaction = dialect::begin(&self.inner.write).await?;
        dialect::lock_migrations(&transaction).await?;
        let pending = Migrator::get_pending_migrations(&transaction).await?;
        let names = pending
            .iter()
            .map(|migration| migration.name().to_owned())
            .collect();
        Migrator::up(&transaction, None).await?;
        self.seed_deployment(&transaction).await?;
        transaction.commit().await?;
        Ok(names)
    }

    /// Writes the key of page tokens, once in the life of a deployment.
    async fn seed_deployment(&self, transaction: &DatabaseTransaction) -> Result<(), Fault> {
        let mut key = [0_u8; 32];
        rand::rngs::OsRng
            .try_fill_bytes(&mut key)
            .map_err(Error::internal)?;
        let statement = Statement::from_sql_and_values(
            transaction.get_database_backend(),
            "INSERT INTO deployment (id, page_token_key) VALUES (1, $1) ON CONFLICT (id) DO NOTHING",
            [key.to_vec().into()],
        );
        transaction.execute_raw(statement).await?;
        Ok(())
    }

    /// Every change of the tables in its order, and whether it is applied.
    ///
    /// # Errors
    /// As [`Store::migrate_up`].
    pub async fn migration_status(&self) -> Result<Vec<(String, bool)>> {
        let migrations = Migrator::get_migration_with_status_read_only(&self.inner.common)
            .await
            .map_err(Fault::from)?;
        let status = |migration: &sea_orm_migration::Migration| {
            (
                migration.name().to_owned(),
                migration.status() == MigrationStatus::Applied,
            )
        };
        Ok(migrations.iter().map(status).collect())
    }

    /// Whether the database answers and its tables are up to date.
    ///
    /// # Errors
    /// `unavailable`, with the cause for the log.
    pub async fn ready(&self) -> Result<()> {
        let status = tokio::time::timeout(Duration::from_secs(2), self.migration_status())
            .await
            .map_err(|late| Error::new(Code::Unavailable).caused_by(late))?
            .map_err(|error| Error::new(Code::Unavailable).caused_by(error))?;
        match status.iter().find(|(_, applied)| !applied) {
            None => Ok(()),
            Some((name, _)) => Err(Error::new(Code::Unavailable)
                .caused_by(format!("the migration `{name}` is not applied"))),
        }
    }

    /// Writes down what waits in memory, finishes the writes that are queued and closes the connections.
    pub async fn close(&self) {
        self.inner.denials.close().await;
        self.flush().await;
        self.inner.writer.close().await;
        self.inner.readers.close();
        if let Some(replica) = &self.inner.replica {
            replica.readers().close();
        }
        for pool in [&self.inner.write, &self.inner.common] {
            if let Err(error) = pool.clone().close().await {
                tracing::warn!(cause = %error, "a connection pool could not be closed");
            }
        }
    }

    /// Writes down what waits in memory: when keys were used, and what providers said of accounts. It is done by itself, too,
    /// every half minute.
    pub async fn flush(&self) {
        if let Err(error) = self.inner.used.flush(self).await {
            tracing::warn!(cause = %error, "the times of last use of API keys could not be written");
        }
        if let Err(error) = self.inner.synced.flush(self).await {
            tracing::warn!(cause = %error, "what providers said of accounts could not be written");
        }
    }

    /// The key of page tokens, read once.
    pub(crate) async fn page_token_key(&self) -> Result<&[u8; 32]> {
        if let Some(key) = self.inner.page_token_key.get() {
            return Ok(key);
        }
        let statement = Statement::from_string(
            self.inner.common.get_database_backend(),
            "SELECT page_token_key FROM deployment WHERE id = 1",
        );
        let row = self
            .inner
            .common
            .query_one_raw(statement)
            .await
            .map_err(Fault::from)?;
        let key: Option<Vec<u8>> = row
            .map(|row| row.try_get_by_index(0))
            .transpose()
            .map_err(Fault::from)?;
        let key = key
            .and_then(|key| <[u8; 32]>::try_from(key).ok())
            .ok_or_else(|| {
                Error::internal("the deployment has no page token key; run the migrations")
            })?;
        Ok(self.inner.page_token_key.get_or_init(|| key))
    }

    /// The rows of the scope's tenant, to read.
    pub(crate) fn reader(&self, scope: &TenantScope) -> TenantTx<'_> {
        self.reader_of(scope.tenant())
    }

    /// The rows of a tenant, to read.
    /// INVARIANT: for the ports, whose callers verify the tenant themselves, and the operator's work.
    pub(crate) fn reader_of(&self, tenant: TenantId) -> TenantTx<'_> {
        TenantTx::new(
            Way::Readers(&self.inner.readers),
            tenant,
            self.inner.clock.now(),
        )
    }

    /// The first row of a statement on a tenant's rows.
    pub(crate) async fn read_one(
        &self,
        tenant: TenantId,
        sql: TenantSql,
        values: impl IntoIterator<Item = sea_orm::Value>,
    ) -> Result<Option<QueryResult>, Fault> {
        self.reader_of(tenant).one(sql, values).await
    }

    /// All rows of a statement on a tenant's rows.
    pub(crate) async fn read_all(
        &self,
        tenant: TenantId,
        sql: TenantSql,
        values: impl IntoIterator<Item = sea_orm::Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        self.reader_of(tenant).all(sql, values).await
    }

    /// Runs a job to its commit, then lets this node forget what it cached of what changed, before the caller is
    /// answered; the other nodes hear of it through the database.
    pub(crate) async fn write<J: Job>(&self, job: J) -> Result<J::Output> {
        let changes = job.changes();
        let output = match Attempt::current() {
            Some(attempt) => self.inner.writer.run(Attempted { attempt, job }).await?,
            None => self.inner.writer.run(job).await?,
        };
        if let Some(tenant) = changes {
            self.inner.forget(Invalidation::Tenant(tenant));
            self.inner
                .sink
                .send(Heard::Changed(Invalidation::Tenant(tenant)));
        }
        Ok(output)
    }

    /// Notes a refusal for the audit trail. It is written a little later, many at a time.
    pub fn record_denial(&self, denied: &palisade_authz::Denied) {
        self.record_denials(denied, 1);
    }

    /// As [`Store::record_denial`], for an action that was refused on so many resources, of which this is the first: one
    /// row with `details.count`.
    pub fn record_denials(&self, denied: &palisade_authz::Denied, count: u64) {
        self.inner.denials.push(denied, count);
    }
}

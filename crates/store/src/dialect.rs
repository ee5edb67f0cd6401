//! Every difference between SQLite and PostgreSQL. No other file asks which of the two it is.

use std::{str::FromStr as _, time::Duration};

use palisade_envelope::{Error, Result};
use palisade_tenancy::TenantId;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, SqlxPostgresConnector, SqlxSqliteConnector, Statement,
    TransactionOptions, TransactionTrait as _,
    sqlx::{
        self, Connection as _,
        pool::PoolOptions,
        postgres::PgConnectOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};

use crate::{StoreOptions, fault, readers::Readers, sql::Bound};

/// How long a statement waits for a connection, or on SQLite for another process's write.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How many dead connections in a row are passed over before a statement fails.
pub(crate) const MOST_DEAD: u32 = 32;
/// How long a connection to PostgreSQL is idle before it is asked whether it is still there.
const IDLE: Duration = Duration::from_secs(1);
/// The channel of change notifications on PostgreSQL.
pub(crate) const CHANNEL: &str = "palisade_changes";
/// The advisory lock of migrations on PostgreSQL: one fixed number, held until the transaction ends.
const MIGRATION_LOCK: i64 = 0x7061_6c69_7361_6465;

/// The open database.
pub(crate) struct Pools {
    /// For reads of tenants' rows.
    pub(crate) readers: Readers,
    /// For what concerns the deployment as a whole; on PostgreSQL for writes, too.
    pub(crate) common: DatabaseConnection,
    /// For writes.
    pub(crate) write: DatabaseConnection,
    /// Whether writes go one after the other through one connection.
    pub(crate) one_writer: bool,
}

/// Opens the database that the URL names. A SQLite file is made where there is none.
pub(crate) async fn open(options: &StoreOptions) -> Result<Pools> {
    if options.url.starts_with("sqlite:") {
        open_sqlite(options).await
    } else if options.url.starts_with("postgres://") || options.url.starts_with("postgresql://") {
        open_postgres(options).await
    } else {
        Err(Error::field(
            "database.url",
            "`sqlite://<path>` or `postgres://<user>@<host>/<database>`",
        ))
    }
}

async fn open_sqlite(options: &StoreOptions) -> Result<Pools> {
    let connect = SqliteConnectOptions::from_str(&options.url)
        .map_err(|error| Error::field("database.url", "`sqlite://<path>`").caused_by(error))?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit that was answered survives a power failure.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .statement_cache_capacity(256)
        .pragma("cache_size", format!("-{}", options.page_cache_kib))
        .pragma("temp_store", "memory");
    let pool = async || {
        PoolOptions::<sqlx::Sqlite>::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(connect.clone())
            .await
            .map_err(unreachable)
    };
    let (write, common) = (pool().await?, pool().await?);
    Ok(Pools {
        readers: Readers::sqlite(connect, options.max_connections, PATIENCE)?,
        common: SqlxSqliteConnector::from_sqlx_sqlite_pool(common),
        write: SqlxSqliteConnector::from_sqlx_sqlite_pool(write),
        one_writer: true,
    })
}

async fn open_postgres(options: &StoreOptions) -> Result<Pools> {
    let connect = PgConnectOptions::from_str(&options.url)
        .map_err(|error| {
            Error::field("database.url", "`postgres://<user>@<host>/<database>`").caused_by(error)
        })?
        .application_name("palisade")
        .statement_cache_capacity(256);
    let writes = (options.max_connections / 2).max(1);
    let reads = options.max_connections.saturating_sub(writes).max(1);
    let readers = Readers::postgres(connect.clone(), reads, PATIENCE)?;
    let pool = PoolOptions::<sqlx::Postgres>::new()
        .max_connections(writes)
        .acquire_timeout(PATIENCE)
        // A ping before each statement costs a fifth of the rate; what begins on a dead connection is tried again.
        .test_before_acquire(false)
        // But one that was idle for a while is asked: after a restart of the database all of them are dead.
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if known.idle_for > IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(connect)
        .await
        .map_err(unreachable)?;
    let pool = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Pools {
        readers,
        common: pool.clone(),
        write: pool,
        one_writer: false,
    })
}

/// How long a read waits for a connection to the replica before the primary serves it.
const REPLICA_PATIENCE: Duration = Duration::from_millis(500);

/// Opens a replica for reads. It need not be there now: it is connected to when the first read asks for it.
pub(crate) fn open_replica(url: &str, max_connections: u32) -> Result<Readers> {
    let wrong = |error: sqlx::Error| {
        Error::field(
            "database.replica_url",
            "`sqlite://<path>` or `postgres://<user>@<host>/<database>`",
        )
        .caused_by(error)
    };
    if url.starts_with("sqlite:") {
        let connect = SqliteConnectOptions::from_str(url)
            .map_err(wrong)?
            .create_if_missing(false)
            .read_only(true)
            .busy_timeout(REPLICA_PATIENCE)
            .statement_cache_capacity(256);
        return Readers::sqlite(connect, max_connections, REPLICA_PATIENCE);
    }
    let connect = PgConnectOptions::from_str(url)
        .map_err(wrong)?
        .application_name("palisade");
    Readers::postgres(connect, max_connections, REPLICA_PATIENCE)
}

fn unreachable(error: sqlx::Error) -> Error {
    Error::new(palisade_envelope::Code::Unavailable).caused_by(error)
}

/// Begins a transaction that writes. On SQLite it takes the write lock at once, so that it can't fail half way
/// because another process wrote meanwhile. A dead connection is no reason to fail: nothing was sent on it yet.
pub(crate) async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let sqlite_transaction_mode = match connection.get_database_backend() {
        DbBackend::Sqlite => Some(SqliteTransactionMode::Immediate),
        _ => None,
    };
    let options = TransactionOptions {
        sqlite_transaction_mode,
        ..TransactionOptions::default()
    };
    for _ in 0..MOST_DEAD {
        match connection.begin_with_options(options).await {
            Err(error) if fault::was_cut(&error) => {}
            done => return done,
        }
    }
    connection.begin_with_options(options).await
}

/// Waits until no other node migrates, and keeps others waiting until the transaction ends. On SQLite the
/// transaction itself does that.
pub(crate) async fn lock_migrations(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let lock = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_advisory_xact_lock($1)",
            [MIGRATION_LOCK.into()],
        );
        transaction.execute_raw(lock).await?;
    }
    Ok(())
}

/// What is added to a `SELECT` inside a transaction so that its rows stay as they are until its end. On SQLite there
/// is one writer, and nothing to add.
pub(crate) const fn kept(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => " FOR SHARE",
        _ => "",
    }
}

/// What a SELECT ends with whose rows no other transaction changes, or refers to anew, before this one has ended. On SQLite one writes
/// at a time.
pub(crate) const fn locked(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    }
}

/// The statements, put together where the driver takes several in one round trip: SQLite's does, and each trip to
/// its thread costs more than the statement.
pub(crate) fn together(
    backend: DbBackend,
    statements: impl IntoIterator<Item = Bound>,
) -> Vec<Bound> {
    let statements = statements.into_iter();
    match backend {
        DbBackend::Sqlite => statements.reduce(Bound::then).into_iter().collect(),
        _ => statements.collect(),
    }
}

/// Whether the database tells of changes by itself.
pub(crate) fn sends_notifications(connection: &DatabaseConnection) -> bool {
    connection.get_database_backend() == DbBackend::Postgres
}

/// Tells the other nodes, at commit, that something of this tenant changed.
pub(crate) async fn announce(
    transaction: &DatabaseTransaction,
    tenant: TenantId,
) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    let statement = match backend {
        DbBackend::Postgres => Statement::from_sql_and_values(
            backend,
            "SELECT pg_notify($1, $2)",
            [CHANNEL.into(), tenant.to_string().into()],
        ),
        _ => Statement::from_sql_and_values(
            backend,
            "INSERT INTO directory_changes (tenant_id, counter)
             VALUES ($1, (SELECT coalesce(max(counter), 0) + 1 FROM directory_changes))
             ON CONFLICT (tenant_id) DO UPDATE SET counter = excluded.counter",
            [tenant.as_uuid().into()],
        ),
    };
    transaction.execute_raw(statement).await.map(|_| ())
}

/// Has PostgreSQL look at the tables, and plan by what it sees; plans that connections keep are made anew. SQLite goes by
/// the indexes alone.
pub(crate) async fn analyze(
    connection: &DatabaseConnection,
    tables: &[&'static str],
) -> Result<(), DbErr> {
    if connection.get_database_backend() == DbBackend::Postgres {
        let statement = format!("ANALYZE {}", tables.join(", "));
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// A constraint that a statement ran against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A unique constraint, by its name in the migrations; `<table>_pkey` for a primary key.
    Unique(String),
    /// A foreign key, from either side.
    ForeignKey,
    /// A `CHECK`, or a value of a form that the column does not take.
    Check,
}

fn driver_error(error: &DbErr) -> Option<&(dyn sqlx::error::DatabaseError + 'static)> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            error.as_database_error()
        }
        _ => None,
    }
}

/// Which constraint the error is about, if any.
pub(crate) fn violation(error: &DbErr) -> Option<Violation> {
    let error = driver_error(error)?;
    let code = error.code()?;
    match code.as_ref() {
        // PostgreSQL tells the constraint's name.
        "23505" => Some(Violation::Unique(
            error.constraint().unwrap_or_default().to_owned(),
        )),
        "23503" => Some(Violation::ForeignKey),
        "23514" | "23502" | "22001" | "22021" => Some(Violation::Check),
        // SQLite tells the columns.
        "1555" | "2067" => Some(Violation::Unique(sqlite_constraint(error.message()))),
        "787" | "1811" => Some(Violation::ForeignKey),
        "275" | "1299" => Some(Violation::Check),
        _ => None,
    }
}

/// The name of the constraint on the columns that SQLite lists: `UNIQUE constraint failed: t.a, t.b`.
fn sqlite_constraint(message: &str) -> String {
    let columns = message.rsplit(": ").next().unwrap_or_default();
    match columns {
        "tenants.name" => "tenants_name_unique".to_owned(),
        "identities.tenant_id, identities.external_id" => {
            "identities_external_id_unique".to_owned()
        }
        "identity_providers.tenant_id, identity_providers.name" => {
            "identity_providers_name_unique".to_owned()
        }
        "external_identities.tenant_id, external_identities.provider_id, external_identities.external_id" => {
            "external_identities_subject_unique".to_owned()
        }
        "scim_users.tenant_id, scim_users.identity_id" => "scim_users_identity_unique".to_owned(),
        "scim_users.tenant_id, scim_users.user_name" => "scim_users_user_name_unique".to_owned(),
        "scim_users.tenant_id, scim_users.provider_id, scim_users.external_id" => {
            "scim_users_external_id_unique".to_owned()
        }
        "scim_groups.tenant_id, scim_groups.provider_id, scim_groups.unique_name" => {
            "scim_groups_name_unique".to_owned()
        }
        "scim_groups.tenant_id, scim_groups.provider_id, scim_groups.external_id" => {
            "scim_groups_external_id_unique".to_owned()
        }
        _ => format!("{}_pkey", columns.split('.').next().unwrap_or_default()),
    }
}

/// Whether the transaction lost against another one and may be tried again: serialization failure, deadlock.
pub(crate) fn lost_a_race(error: &DbErr) -> bool {
    driver_error(error)
        .and_then(|error| error.code())
        .is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01"))
}

/// Whether the database is there but can't serve now: locked by another process, out of connections, disk full.
pub(crate) fn busy(error: &DbErr) -> bool {
    driver_error(error)
        .and_then(|error| error.code())
        .is_some_and(|code| {
            // SQLite's codes carry more in the upper bits: the lowest byte is the kind. 5 busy, 6 locked, 10 I/O, 13 full.
            let sqlite = code
                .parse::<u32>()
                .is_ok_and(|code| code < 10_000 && matches!(code & 0xff, 5 | 6 | 10 | 13));
            sqlite
                || matches!(
                    code.as_ref(),
                    "53300" | "53400" | "53100" | "53200" | "55P03" | "57014" | "25006"
                )
        })
}

/// Whether PostgreSQL ended the connection: an administrator's command, a crash, a start or a stop.
pub(crate) fn server_went_away(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|code| {
            matches!(
                code.as_ref(),
                "57P01" | "57P02" | "57P03" | "08000" | "08003" | "08006"
            )
        })
}

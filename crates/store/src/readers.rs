//! The connections that reads go through.
//!
//! A pool of our own, because sqlx's asks each connection whether it is still alive when it is given back: a second
//! round trip for every read. Here a connection is asked only after it was idle, and a read on a dead one is tried
//! again on another.

use std::{borrow::Cow, sync::Arc, time::Duration};

use deadpool::{
    Runtime,
    managed::{self, Metrics, Object, Pool, PoolError, QueueMode, RecycleError, RecycleResult},
};
use palisade_envelope::Error;
use sea_orm::{
    ConnAcquireErr, DbBackend, DbErr, QueryResult, RuntimeErr, Values,
    sqlx::{
        self, AssertSqlSafe, Connection, Database, Executor, IntoArguments, Postgres, SqlSafeStr,
        SqlStr, Sqlite,
        postgres::{PgConnectOptions, PgConnection},
        sqlite::{SqliteConnectOptions, SqliteConnection},
    },
};
use sea_query_sqlx::SqlxValues;

use crate::{
    dialect::MOST_DEAD,
    fault::{self, Fault},
    sql::Bound,
};

/// How long a connection is idle before it is asked whether it is still there.
const IDLE: Duration = Duration::from_secs(1);
/// How long it may take to answer that.
const ANSWER: Duration = Duration::from_secs(1);

/// Connections for reads, made when they are needed.
pub(crate) enum Readers {
    Sqlite(Pool<Opener<SqliteConnection>>),
    Postgres(Pool<Opener<PgConnection>>),
}

/// A connection, and whether a statement is on its way through it. One that was given up half way by its caller is not
/// used again: the rest of its answer would come before that of the next.
pub(crate) struct Lane<C> {
    connection: C,
    busy: bool,
}

/// Opens connections and looks after them.
pub(crate) struct Opener<C: Connection> {
    options: C::Options,
}

impl<C: Connection> managed::Manager for Opener<C> {
    type Type = Lane<C>;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Lane<C>, sqlx::Error> {
        // On the heap: every read would carry the kilobytes of this seldom used part along otherwise.
        let connection = Box::pin(C::connect_with(&self.options)).await?;
        Ok(Lane {
            connection,
            busy: false,
        })
    }

    async fn recycle(&self, lane: &mut Lane<C>, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if lane.busy {
            return Err(RecycleError::message("its last statement was given up"));
        }
        if metrics.last_used() > IDLE {
            lane.connection.ping().await?;
        }
        Ok(())
    }
}

impl Readers {
    /// Up to `most` connections to a SQLite file; a read waits for one no longer than `patience`.
    pub(crate) fn sqlite(
        options: SqliteConnectOptions,
        most: u32,
        patience: Duration,
    ) -> Result<Self, Error> {
        pool(options, most, patience).map(Self::Sqlite)
    }

    /// Up to `most` connections to PostgreSQL; a read waits for one no longer than `patience`.
    pub(crate) fn postgres(
        options: PgConnectOptions,
        most: u32,
        patience: Duration,
    ) -> Result<Self, Error> {
        pool(options, most, patience).map(Self::Postgres)
    }

    /// Which database it is.
    pub(crate) const fn backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(_) => DbBackend::Sqlite,
            Self::Postgres(_) => DbBackend::Postgres,
        }
    }

    /// The first row of a statement, if any.
    pub(crate) async fn one(&self, bound: Bound) -> Result<Option<QueryResult>, Fault> {
        let (text, values) = bound.checked()?;
        let text = shared(text);
        match self {
            Self::Sqlite(pool) => one::<Sqlite>(pool, text, &values).await,
            Self::Postgres(pool) => one::<Postgres>(pool, text, &values).await,
        }
        .map_err(Fault::from)
    }

    /// All rows of a statement.
    pub(crate) async fn all(&self, bound: Bound) -> Result<Vec<QueryResult>, Fault> {
        let (text, values) = bound.checked()?;
        let text = shared(text);
        match self {
            Self::Sqlite(pool) => all::<Sqlite>(pool, text, &values).await,
            Self::Postgres(pool) => all::<Postgres>(pool, text, &values).await,
        }
        .map_err(Fault::from)
    }

    /// Closes what is idle; what is in use when it is given back.
    pub(crate) fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close(),
            Self::Postgres(pool) => pool.close(),
        }
    }
}

fn pool<C: Connection>(
    options: C::Options,
    most: u32,
    patience: Duration,
) -> Result<Pool<Opener<C>>, Error> {
    Pool::builder(Opener { options })
        .max_size(usize::try_from(most.max(1)).unwrap_or(1))
        // The one that was used last has what it needs in the caches of the processor.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(patience))
        .create_timeout(Some(patience))
        .recycle_timeout(Some(ANSWER))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(Error::internal)
}

async fn one<DB: Database>(
    pool: &Pool<Opener<DB::Connection>>,
    text: SqlStr,
    values: &Values,
) -> Result<Option<QueryResult>, DbErr>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    SqlxValues: IntoArguments<DB>,
    QueryResult: From<DB::Row>,
{
    let mut dead = 0;
    loop {
        let mut lane = acquired(pool).await?;
        let query = sqlx::query_with::<DB, _>(text.clone(), SqlxValues(values.clone()));
        lane.busy = true;
        let answer = query.fetch_optional(&mut lane.connection).await;
        lane.busy = false;
        match answer {
            Ok(row) => return Ok(row.map(QueryResult::from)),
            Err(error) => given_up(lane, error, &mut dead)?,
        }
    }
}

async fn all<DB: Database>(
    pool: &Pool<Opener<DB::Connection>>,
    text: SqlStr,
    values: &Values,
) -> Result<Vec<QueryResult>, DbErr>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    SqlxValues: IntoArguments<DB>,
    QueryResult: From<DB::Row>,
{
    let mut dead = 0;
    loop {
        let mut lane = acquired(pool).await?;
        let query = sqlx::query_with::<DB, _>(text.clone(), SqlxValues(values.clone()));
        lane.busy = true;
        let answer = query.fetch_all(&mut lane.connection).await;
        lane.busy = false;
        match answer {
            Ok(rows) => return Ok(rows.into_iter().map(QueryResult::from).collect()),
            Err(error) => given_up(lane, error, &mut dead)?,
        }
    }
}

/// The text as sqlx takes it, to be had again without a copy where the read is tried on another connection.
fn shared(text: Cow<'static, str>) -> SqlStr {
    match text {
        Cow::Borrowed(text) => text.into_sql_str(),
        Cow::Owned(text) => AssertSqlSafe(Arc::<str>::from(text)).into_sql_str(),
    }
}

async fn acquired<C: Connection>(pool: &Pool<Opener<C>>) -> Result<Object<Opener<C>>, DbErr> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
        PoolError::Closed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        _ => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
    })
}

/// Lets go of a connection that turned out to be dead, so that the read can be tried on another: after a restart of
/// the database every connection of the pool may be. Any other error is the statement's.
fn given_up<C: Connection>(
    connection: Object<Opener<C>>,
    error: sqlx::Error,
    dead: &mut u32,
) -> Result<(), DbErr> {
    let error = DbErr::Query(RuntimeErr::SqlxError(error.into()));
    if !fault::was_cut(&error) {
        return Err(error);
    }
    drop(Object::take(connection));
    *dead += 1;
    if *dead > MOST_DEAD {
        Err(error)
    } else {
        Ok(())
    }
}

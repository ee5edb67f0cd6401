//! The one way to a tenant's rows.

use palisade_identity::Timestamp;
use palisade_tenancy::TenantId;
use sea_orm::{ConnectionTrait, DatabaseExecutor, DbErr, QueryResult, Statement, Value};

use crate::{
    dialect,
    fault::{self, Fault},
    sql::{Bound, TenantSql, placeholders},
};

/// A tenant's rows, through a pool or inside a transaction. Every statement gets the tenant as `$1` from here;
/// there is no way to name another.
pub(crate) struct TenantTx<'a> {
    executor: DatabaseExecutor<'a>,
    tenant: TenantId,
    now: Timestamp,
}

impl<'a> TenantTx<'a> {
    pub(crate) fn new(
        executor: impl Into<DatabaseExecutor<'a>>,
        tenant: TenantId,
        now: Timestamp,
    ) -> Self {
        Self {
            executor: executor.into(),
            tenant,
            now,
        }
    }

    /// The tenant.
    pub(crate) const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The time of the work, one for all of its rows.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    fn bind(&self, sql: TenantSql, values: impl IntoIterator<Item = Value>) -> Bound {
        Bound::new(sql, self.tenant.as_uuid().into(), values)
    }

    /// Runs a write; how many rows it changed.
    pub(crate) async fn execute(
        &self,
        sql: TenantSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, Fault> {
        self.run(self.bind(sql, values)).await
    }

    /// Inserts rows of this tenant in one statement; does nothing for no rows.
    pub(crate) async fn insert(
        &self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) -> Result<u64, Fault> {
        match self.insertion(table, columns, rows) {
            Some(bound) => self.run(bound).await,
            None => Ok(0),
        }
    }

    /// Inserts any number of rows of this tenant in statements of a few fixed sizes: each size is one text, so that the
    /// caches of prepared statements hold few of them, and no statement has more values than a database takes.
    /// `on_conflict` and the number as in [`TenantTx::upsert`].
    pub(crate) async fn insert_many(
        &self,
        table: &str,
        columns: &[&str],
        rows: Vec<Vec<Value>>,
        on_conflict: &'static str,
    ) -> Result<u64, Fault> {
        const SIZES: [usize; 5] = [256, 64, 16, 4, 1];
        let (mut rows, mut written) = (rows.into_iter(), 0);
        for size in SIZES {
            while rows.len() >= size {
                let some = rows.by_ref().take(size);
                written += self.upsert(table, columns, some, on_conflict).await?;
            }
        }
        Ok(written)
    }

    /// Deletes the rows of this tenant whose `column` has one of these values; how many they were.
    pub(crate) async fn delete_in(
        &self,
        table: &str,
        column: &str,
        values: Vec<Value>,
    ) -> Result<u64, Fault> {
        self.run(Bound::delete_in(
            table,
            column,
            self.tenant.as_uuid().into(),
            values,
        ))
        .await
    }

    /// The statement that inserts rows of this tenant, to go together with others; `None` for no rows.
    pub(crate) fn insertion(
        &self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) -> Option<Bound> {
        Bound::insert(table, columns, self.tenant.as_uuid().into(), rows)
    }

    /// Inserts rows of this tenant in one statement, with what `on_conflict` says about those that are there; how many
    /// rows it wrote.
    pub(crate) async fn upsert(
        &self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Vec<Value>>,
        on_conflict: &'static str,
    ) -> Result<u64, Fault> {
        let Some(mut bound) = self.insertion(table, columns, rows) else {
            return Ok(0);
        };
        bound.text.push(' ');
        bound.text.push_str(on_conflict);
        self.run(bound).await
    }

    /// Runs writes one after the other, in as few round trips as the database allows.
    pub(crate) async fn together(
        &self,
        statements: impl IntoIterator<Item = Bound>,
    ) -> Result<(), Fault> {
        for bound in dialect::together(self.executor.get_database_backend(), statements) {
            self.run(bound).await?;
        }
        Ok(())
    }

    /// The first row, if any.
    pub(crate) async fn one(
        &self,
        sql: TenantSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<QueryResult>, Fault> {
        let statement = self
            .bind(sql, values)
            .statement(self.executor.get_database_backend())?;
        self.read(statement, |statement| {
            self.executor.query_one_raw(statement)
        })
        .await
    }

    /// The first row, if any, which no other transaction changes before this one has ended.
    pub(crate) async fn one_kept(
        &self,
        sql: TenantSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<QueryResult>, Fault> {
        let backend = self.executor.get_database_backend();
        let mut bound = self.bind(sql, values);
        bound.text.push_str(dialect::kept(backend));
        let statement = bound.statement(backend)?;
        self.read(statement, |statement| {
            self.executor.query_one_raw(statement)
        })
        .await
    }

    /// The rows that a write gives back, in whose text `{list}` stands for the values of `list`.
    pub(crate) async fn write_listed(
        &self,
        sql: TenantSql,
        list: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        let mut bound = self.bind(sql, list);
        let places = placeholders(2, bound.values.len() - 1);
        bound.text = bound.text.replace("{list}", &places);
        let statement = bound.statement(self.executor.get_database_backend())?;
        // Not tried again on another connection: it may have been done.
        Ok(self.executor.query_all_raw(statement).await?)
    }

    /// All rows.
    pub(crate) async fn all(
        &self,
        sql: TenantSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        self.all_bound(self.bind(sql, values)).await
    }

    /// All rows of a statement that was put together at run time by [`crate::select::Select`].
    pub(crate) async fn all_bound(&self, bound: Bound) -> Result<Vec<QueryResult>, Fault> {
        let statement = bound.statement(self.executor.get_database_backend())?;
        self.read(statement, |statement| {
            self.executor.query_all_raw(statement)
        })
        .await
    }

    /// Runs a read, again where its connection turns out to be dead. After a restart of the database every
    /// connection of the pool may be.
    async fn read<T, F: Future<Output = Result<T, DbErr>>>(
        &self,
        statement: Statement,
        work: impl Fn(Statement) -> F,
    ) -> Result<T, Fault> {
        if !matches!(self.executor, DatabaseExecutor::Connection(_)) {
            return Ok(work(statement).await?);
        }
        for _ in 0..dialect::MOST_DEAD {
            match work(statement.clone()).await {
                Err(error) if fault::was_cut(&error) => {}
                done => return Ok(done?),
            }
        }
        Ok(work(statement).await?)
    }

    async fn run(&self, bound: Bound) -> Result<u64, Fault> {
        let statement = bound.statement(self.executor.get_database_backend())?;
        Ok(self.executor.execute_raw(statement).await?.rows_affected())
    }

    /// A tenant's rows in the same transaction, for the operator's work on a tenant that is not its own.
    /// INVARIANT: called with the target of an `Operate` grant only.
    pub(crate) fn of<'b>(&'b self, tenant: TenantId) -> TenantTx<'b>
    where
        'a: 'b,
    {
        let executor = match &self.executor {
            DatabaseExecutor::Connection(connection) => DatabaseExecutor::Connection(connection),
            DatabaseExecutor::Transaction(transaction) => {
                DatabaseExecutor::Transaction(transaction)
            }
            DatabaseExecutor::OwnedTransaction(transaction) => {
                DatabaseExecutor::Transaction(transaction)
            }
        };
        TenantTx {
            executor,
            tenant,
            now: self.now,
        }
    }
}

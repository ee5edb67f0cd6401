//! The one way to a tenant's rows.

use std::sync::atomic::{AtomicBool, Ordering};

use palisade_envelope::Error;
use palisade_identity::Timestamp;
use palisade_tenancy::TenantId;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Value};

use crate::{
    dialect,
    fault::Fault,
    readers::Readers,
    sql::{Bound, TenantSql, placeholders},
};

/// A tenant's rows, through the readers or inside a transaction. Every statement gets the tenant as `$1` from here;
/// there is no way to name another.
pub(crate) struct TenantTx<'a> {
    way: Way<'a>,
    tenant: TenantId,
    now: Timestamp,
}

/// Where statements go.
#[derive(Clone, Copy)]
pub(crate) enum Way<'a> {
    /// Each to a connection of its own; reads only.
    Readers(&'a Readers),
    /// Into this transaction.
    Transaction(&'a DatabaseTransaction),
    /// Into this transaction of several jobs, the next of them with what comes before it.
    Group(&'a DatabaseTransaction, &'a Prelude),
}

/// A text of ours that goes before the next statement, in the same round trip.
pub(crate) struct Prelude {
    text: &'static str,
    taken: AtomicBool,
}

impl Prelude {
    /// Something to go before the next statement.
    pub(crate) const fn new(text: &'static str) -> Self {
        Self {
            text,
            taken: AtomicBool::new(false),
        }
    }

    /// Whether a statement took it along.
    pub(crate) fn was_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed)
    }

    /// The statement with it in front, if it is the first.
    pub(crate) fn before(&self, statement: String) -> String {
        if self.taken.swap(true, Ordering::Relaxed) {
            return statement;
        }
        format!("{}; {statement}", self.text)
    }

    /// The same for a statement of which it is asked how many rows it changed. SQLite goes on saying what the last
    /// write changed until the next one, and the driver adds up what it says after each part of a text; so a write of
    /// nothing goes in front.
    pub(crate) fn before_write(&self, statement: String) -> String {
        const OF_NOTHING: &str = "UPDATE deployment SET id = id WHERE 0";
        if self.was_taken() {
            return statement;
        }
        format!("{OF_NOTHING}; {}", self.before(statement))
    }
}

impl<'a> TenantTx<'a> {
    pub(crate) const fn new(way: Way<'a>, tenant: TenantId, now: Timestamp) -> Self {
        Self { way, tenant, now }
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

    /// Runs a write that was put together at run time; how many rows it changed.
    pub(crate) async fn execute_bound(&self, bound: Bound) -> Result<u64, Fault> {
        self.run(bound).await
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
        bound.text.to_mut().push(' ');
        bound.text.to_mut().push_str(on_conflict);
        self.run(bound).await
    }

    /// Runs writes one after the other, in as few round trips as the database allows.
    pub(crate) async fn together(
        &self,
        statements: impl IntoIterator<Item = Bound>,
    ) -> Result<(), Fault> {
        for bound in self.joined(statements) {
            self.run(bound).await?;
        }
        Ok(())
    }

    /// The same statements in as few as the database takes.
    pub(crate) fn joined(&self, statements: impl IntoIterator<Item = Bound>) -> Vec<Bound> {
        dialect::together(self.backend(), statements)
    }

    /// The first row, if any.
    pub(crate) async fn one(
        &self,
        sql: TenantSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<QueryResult>, Fault> {
        self.one_bound(self.bind(sql, values)).await
    }

    async fn one_bound(&self, bound: Bound) -> Result<Option<QueryResult>, Fault> {
        let (transaction, prelude) = match self.way {
            Way::Readers(readers) => return readers.one(bound).await,
            Way::Transaction(transaction) => (transaction, None),
            Way::Group(transaction, prelude) => (transaction, Some(prelude)),
        };
        let statement = bound.statement(self.backend(), prelude)?;
        Ok(transaction.query_one_raw(statement).await?)
    }

    /// The first row, if any, which no other transaction changes before this one has ended.
    pub(crate) async fn one_kept(
        &self,
        sql: TenantSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<QueryResult>, Fault> {
        let mut bound = self.bind(sql, values);
        bound.text.to_mut().push_str(dialect::kept(self.backend()));
        self.one_bound(bound).await
    }

    /// All rows, which no other transaction changes, or refers to anew, before this one has ended.
    pub(crate) async fn all_locked(
        &self,
        sql: TenantSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        let mut bound = self.bind(sql, values);
        bound
            .text
            .to_mut()
            .push_str(dialect::locked(self.backend()));
        self.all_bound(bound).await
    }

    /// All rows of a statement in whose text `{list}` stands for the values of `list`, which no other transaction changes,
    /// or refers to anew, before this one has ended.
    pub(crate) async fn all_locked_listed(
        &self,
        sql: TenantSql,
        list: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        let mut bound = self.bind(sql, list);
        let places = placeholders(2, bound.values.len() - 1);
        bound.text = bound.text.replace("{list}", &places).into();
        bound
            .text
            .to_mut()
            .push_str(dialect::locked(self.backend()));
        self.all_bound(bound).await
    }

    /// The rows that a write gives back, in whose text `{list}` stands for the values of `list`.
    pub(crate) async fn write_listed(
        &self,
        sql: TenantSql,
        list: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        let mut bound = self.bind(sql, list);
        let places = placeholders(2, bound.values.len() - 1);
        bound.text = bound.text.replace("{list}", &places).into();
        let (transaction, prelude) = self.transaction()?;
        let statement = bound.statement(self.backend(), prelude)?;
        Ok(transaction.query_all_raw(statement).await?)
    }

    /// Runs a write in whose text `{list}` stands for the values of `list`, behind those of `values`; how many rows it changed.
    pub(crate) async fn execute_listed(
        &self,
        sql: TenantSql,
        values: impl IntoIterator<Item = Value>,
        list: impl IntoIterator<Item = Value>,
    ) -> Result<u64, Fault> {
        let mut bound = self.bind(sql, values);
        let from = bound.values.len() + 1;
        bound.values.extend(list);
        let places = placeholders(from, bound.values.len() + 1 - from);
        bound.text = bound.text.replace("{list}", &places).into();
        self.run(bound).await
    }

    /// All rows.
    pub(crate) async fn all(
        &self,
        sql: TenantSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        self.all_bound(self.bind(sql, values)).await
    }

    /// All rows of a statement in whose text `{list}` stands for the values of `list`.
    pub(crate) async fn all_listed(
        &self,
        sql: TenantSql,
        list: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        let mut bound = self.bind(sql, list);
        let places = placeholders(2, bound.values.len() - 1);
        bound.text = bound.text.replace("{list}", &places).into();
        self.all_bound(bound).await
    }

    /// All rows of a statement that was put together at run time by [`crate::select::Select`].
    pub(crate) async fn all_bound(&self, bound: Bound) -> Result<Vec<QueryResult>, Fault> {
        let (transaction, prelude) = match self.way {
            Way::Readers(readers) => return readers.all(bound).await,
            Way::Transaction(transaction) => (transaction, None),
            Way::Group(transaction, prelude) => (transaction, Some(prelude)),
        };
        let statement = bound.statement(self.backend(), prelude)?;
        Ok(transaction.query_all_raw(statement).await?)
    }

    async fn run(&self, bound: Bound) -> Result<u64, Fault> {
        let (transaction, prelude) = self.transaction()?;
        let mut statement = bound.statement(self.backend(), None)?;
        if let Some(prelude) = prelude {
            statement.sql = prelude.before_write(statement.sql);
        }
        Ok(transaction.execute_raw(statement).await?.rows_affected())
    }

    /// The transaction, for what writes.
    fn transaction(&self) -> Result<(&'a DatabaseTransaction, Option<&'a Prelude>), Fault> {
        match self.way {
            Way::Readers(_) => Err(Error::internal("a write outside of a transaction").into()),
            Way::Transaction(transaction) => Ok((transaction, None)),
            Way::Group(transaction, prelude) => Ok((transaction, Some(prelude))),
        }
    }

    fn backend(&self) -> DbBackend {
        match self.way {
            Way::Readers(readers) => readers.backend(),
            Way::Transaction(transaction) | Way::Group(transaction, _) => {
                transaction.get_database_backend()
            }
        }
    }

    /// A tenant's rows in the same transaction, for work that goes with a job of another tenant.
    /// INVARIANT: called with the target of an `Operate` grant, or with the tenant that the program itself keeps books
    /// for (an attempt's own tenant, the tenant of keys that were used).
    pub(crate) fn of<'b>(&'b self, tenant: TenantId) -> TenantTx<'b>
    where
        'a: 'b,
    {
        TenantTx {
            way: self.way,
            tenant,
            now: self.now,
        }
    }
}

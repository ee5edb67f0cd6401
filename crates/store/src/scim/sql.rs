//! Statements on the rows of one connection. The connection is bound here, as `$2`, from a target that only the caller's own
//! key makes; a text that does not compare or insert it does not compile.

use palisade_authz::ConnectionTarget;
use palisade_identity::ids::Uuid;
use sea_orm::{QueryResult, Value};

use crate::{
    fault::Fault,
    sql::{Bound, TenantSql, placeholders},
    tx::TenantTx,
};

/// A statement on the rows of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionSql(TenantSql);

impl ConnectionSql {
    /// The statement of this text, in which `$1` is the tenant and `$2` the connection.
    pub(crate) const fn new(text: &'static str) -> Self {
        assert!(
            crate::sql::contains(text, "provider_id = $2"),
            "a statement on the rows of a connection must bind the connection as $2"
        );
        Self(TenantSql::new(text))
    }
}

/// A connection's rows.
#[derive(Clone, Copy)]
pub(crate) struct Connection<'a> {
    tx: &'a TenantTx<'a>,
    of: ConnectionTarget,
}

impl<'a> Connection<'a> {
    pub(crate) const fn new(tx: &'a TenantTx<'a>, of: ConnectionTarget) -> Self {
        Self { tx, of }
    }

    /// The connection's id, as a value.
    pub(crate) fn id(self) -> Value {
        self.of.id().as_uuid().into()
    }

    fn values(self, values: impl IntoIterator<Item = Value>) -> impl Iterator<Item = Value> {
        std::iter::once(self.id()).chain(values)
    }

    /// The first row, if any; `values` are `$3` and on.
    pub(crate) async fn one(
        self,
        sql: ConnectionSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<QueryResult>, Fault> {
        self.tx.one(sql.0, self.values(values)).await
    }

    /// All rows.
    pub(crate) async fn all(
        self,
        sql: ConnectionSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        self.tx.all(sql.0, self.values(values)).await
    }

    /// All rows, which no other transaction changes, or refers to anew, before this one has ended.
    pub(crate) async fn all_locked(
        self,
        sql: ConnectionSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        self.tx.all_locked(sql.0, self.values(values)).await
    }

    /// Runs a write; how many rows it changed.
    pub(crate) async fn execute(
        self,
        sql: ConnectionSql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, Fault> {
        self.tx.execute(sql.0, self.values(values)).await
    }

    /// The statement that inserts rows of this connection; `columns` are those after `tenant_id` and `provider_id`. `None` for no
    /// rows.
    pub(crate) fn insertion(
        self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) -> Option<Bound> {
        let columns: Vec<&str> = std::iter::once("provider_id")
            .chain(columns.iter().copied())
            .collect();
        let rows = rows.into_iter().map(|row| {
            let mut all = Vec::with_capacity(row.len() + 1);
            all.push(self.id());
            all.extend(row);
            all
        });
        self.tx.insertion(table, &columns, rows)
    }

    /// All rows of a statement in whose text `{list}` stands for the values of `list`.
    pub(crate) async fn all_listed(
        self,
        sql: ConnectionSql,
        list: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Fault> {
        let mut values = self.first_values();
        values.extend(list);
        let places = placeholders(3, values.len() - 2);
        self.all_bound(Bound {
            text: sql.0.text().replace("{list}", &places).into(),
            values,
        })
        .await
    }

    /// All rows of a statement that was put together for this connection.
    pub(crate) async fn all_bound(self, bound: Bound) -> Result<Vec<QueryResult>, Fault> {
        self.tx.all_bound(bound).await
    }

    /// The values that every statement of this connection begins with.
    pub(crate) fn first_values(self) -> Vec<Value> {
        vec![self.tx.tenant().as_uuid().into(), self.id()]
    }

    /// The connection.
    pub(crate) const fn provider(self) -> palisade_identity::ProviderId {
        self.of.id()
    }

    /// Deletes these addresses of a user.
    pub(crate) async fn delete_emails(self, user: Uuid, emails: &[&str]) -> Result<(), Fault> {
        if emails.is_empty() {
            return Ok(());
        }
        let mut values = self.first_values();
        values.push(user.into());
        values.extend(emails.iter().map(|email| Value::from(*email)));
        let text = format!(
            "DELETE FROM scim_emails WHERE tenant_id = $1 AND provider_id = $2 AND identity_id = $3 AND value IN ({})",
            placeholders(4, emails.len())
        );
        let text = text.into();
        self.tx.execute_bound(Bound { text, values }).await?;
        Ok(())
    }

    /// Deletes members of a group: these, or all but these. `table` and `column` are texts of ours.
    pub(crate) async fn delete_members(
        self,
        table: &str,
        column: &str,
        group: Uuid,
        members: &[Uuid],
        all_but: bool,
    ) -> Result<u64, Fault> {
        let mut values = self.first_values();
        values.push(group.into());
        values.extend(members.iter().map(|id| Value::from(*id)));
        let list = placeholders(4, members.len());
        let which = match (members.is_empty(), all_but) {
            (true, false) => return Ok(0),
            (true, true) => String::new(),
            (false, false) => format!(" AND {column} IN ({list})"),
            (false, true) => format!(" AND {column} NOT IN ({list})"),
        };
        let text = format!(
            "DELETE FROM {table} WHERE tenant_id = $1 AND provider_id = $2 AND group_id = $3{which}"
        );
        let text = text.into();
        self.tx.execute_bound(Bound { text, values }).await
    }
}

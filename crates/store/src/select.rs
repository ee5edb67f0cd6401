//! Lists whose filters are put together at run time, the tenant's predicate always first.

use palisade_tenancy::TenantId;
use sea_orm::Value;

use crate::sql::{Bound, placeholders};

/// A `SELECT` on one tenant's rows of one table, which the statement calls `t`.
pub(crate) struct Select {
    text: String,
    values: Vec<Value>,
}

impl Select {
    /// `columns` of `table`. `columns` and `table` are texts of ours, never of a caller.
    pub(crate) fn new(columns: &'static str, table: &'static str, tenant: TenantId) -> Self {
        Self {
            text: format!("SELECT {columns} FROM {table} t WHERE t.tenant_id = $1"),
            values: vec![tenant.as_uuid().into()],
        }
    }

    /// `columns` of `table`, joined with others as `join` says: texts of ours, too.
    pub(crate) fn joined(columns: &str, table: &'static str, join: &str, tenant: TenantId) -> Self {
        Self {
            text: format!("SELECT {columns} FROM {table} t {join} WHERE t.tenant_id = $1"),
            values: vec![tenant.as_uuid().into()],
        }
    }

    /// And where `condition` holds, in which `?` stands for `value`.
    pub(crate) fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.and_each(condition, [value.into()]);
    }

    /// And where `condition` holds, in which the n-th `?` stands for the n-th of `values`.
    pub(crate) fn and_each(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        let mut parts = condition.split('?');
        self.text.push_str(" AND ");
        self.text.push_str(parts.next().unwrap_or_default());
        for (part, value) in parts.zip(values) {
            self.values.push(value);
            self.text.push_str(&format!("${}{part}", self.values.len()));
        }
    }

    /// And where `condition` holds: a text of ours that needs no value.
    pub(crate) fn and_text(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    /// And where the columns are equal to one of the rows.
    pub(crate) fn and_one_of(&mut self, columns: &[&str], rows: Vec<Vec<Value>>) {
        // Row values: a thousand `OR`s are deeper than SQLite's parser goes.
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        let list = vec![row; rows.len()].join(", ");
        let condition = format!("({}) IN (VALUES {list})", columns.join(", "));
        self.and_each(&condition, rows.into_iter().flatten());
    }

    /// And where `column` is one of `values`.
    pub(crate) fn and_in(&mut self, column: &str, values: impl IntoIterator<Item = Value>) {
        let from = self.values.len() + 1;
        self.values.extend(values);
        let list = placeholders(from, self.values.len() + 1 - from);
        self.text.push_str(&format!(" AND {column} IN ({list})"));
    }

    /// A row for each of `values`: itself, and `found` of the tenant's row of `table` of which it is the `column`, else
    /// NULL. `given` are conditions of ours with their values, in which `?` stands for the value.
    ///
    /// One look-up after the other: PostgreSQL takes a list for one condition among others, and where it has no statistics
    /// of a tenant yet, because its rows are being written, goes through all that the tenant has.
    pub(crate) fn each(
        found: &'static str,
        table: &'static str,
        column: &'static str,
        tenant: TenantId,
        given: impl IntoIterator<Item = (&'static str, Value)>,
        values: impl IntoIterator<Item = Value>,
    ) -> Bound {
        let mut look_up = Self::new(found, table, tenant);
        look_up.and_text(&format!("t.{column} = column1"));
        for (condition, value) in given {
            look_up.and(condition, value);
        }
        let from = look_up.values.len() + 1;
        look_up.values.extend(values);
        let rows: Vec<String> = (from..=look_up.values.len())
            .map(|place| format!("(${place})"))
            .collect();
        Bound {
            // `column1` is what both databases call it.
            text: format!(
                "SELECT column1, ({}) FROM (VALUES {}) AS given",
                look_up.text,
                rows.join(", ")
            )
            .into(),
            values: look_up.values,
        }
    }

    /// In this order, `limit` rows at most, after the first `offset`.
    pub(crate) fn finish_at(self, order: &'static str, limit: u64, offset: u64) -> Bound {
        let mut bound = self.finish(order, limit);
        bound
            .values
            .push(i64::try_from(offset).unwrap_or(i64::MAX).into());
        bound
            .text
            .to_mut()
            .push_str(&format!(" OFFSET ${}", bound.values.len()));
        bound
    }

    /// In this order, `limit` rows at most.
    pub(crate) fn finish(mut self, order: &'static str, limit: u64) -> Bound {
        self.values.push(Value::BigInt(i64::try_from(limit).ok()));
        self.text
            .push_str(&format!(" ORDER BY {order} LIMIT ${}", self.values.len()));
        Bound {
            text: self.text.into(),
            values: self.values,
        }
    }
}

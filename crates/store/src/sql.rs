//! Statement texts. One text serves both databases: placeholders are `$1`, `$2`..., which PostgreSQL and the
//! SQLite driver read alike, and `$1` is always the tenant.

use std::{borrow::Cow, fmt::Write as _};

use sea_orm::{DbBackend, Statement, Value, Values};

use crate::{
    fault::{self, Fault},
    tx::Prelude,
};

/// A statement on a tenant's rows. It can't be built without the tenant's predicate: [`TenantSql::new`] is called
/// in constants, and a text that does not compare or insert the tenant as `$1` does not compile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TenantSql(&'static str);

impl TenantSql {
    /// The statement of this text.
    pub(crate) const fn new(text: &'static str) -> Self {
        assert!(
            contains(text, "tenant_id = $1")
                || contains(text, "tenants.id = $1")
                || contains(text, "VALUES ($1,"),
            "a statement on tenant rows must bind the tenant as $1"
        );
        Self(text)
    }

    /// The text.
    pub(crate) const fn text(self) -> &'static str {
        self.0
    }
}

pub(crate) const fn contains(text: &str, part: &str) -> bool {
    let mut text = text.as_bytes();
    loop {
        if starts_with(text, part.as_bytes()) {
            return true;
        }
        match text {
            [_, rest @ ..] => text = rest,
            [] => return false,
        }
    }
}

const fn starts_with(mut text: &[u8], mut part: &[u8]) -> bool {
    loop {
        match (text, part) {
            (_, []) => return true,
            ([a, text_rest @ ..], [b, part_rest @ ..]) if *a == *b => {
                text = text_rest;
                part = part_rest;
            }
            _ => return false,
        }
    }
}

/// A statement with its values, the tenant first.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) text: Cow<'static, str>,
    pub(crate) values: Vec<Value>,
}

impl Bound {
    /// `sql` for `tenant`; `values` are `$2` and on.
    pub(crate) fn new(
        sql: TenantSql,
        tenant: Value,
        values: impl IntoIterator<Item = Value>,
    ) -> Self {
        let mut all = vec![tenant];
        all.extend(values);
        Self {
            text: Cow::Borrowed(sql.text()),
            values: all,
        }
    }

    /// One `INSERT` of many rows into a tenant's table. `columns` are those after `tenant_id`; each row has as many
    /// values. `None` for no rows.
    pub(crate) fn insert(
        table: &str,
        columns: &[&str],
        tenant: Value,
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) -> Option<Self> {
        let mut text = format!(
            "INSERT INTO {table} (tenant_id, {}) VALUES ",
            columns.join(", ")
        );
        let mut values = vec![tenant];
        for (index, row) in rows.into_iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            text.push_str("($1");
            for value in row {
                values.push(value);
                let _ = write!(text, ", ${}", values.len());
            }
            text.push(')');
        }
        (values.len() > 1).then_some(Self {
            text: Cow::Owned(text),
            values,
        })
    }

    /// One `DELETE` of those of a tenant's rows whose `column` has one of these values.
    pub(crate) fn delete_in(
        table: &str,
        column: &str,
        tenant: Value,
        values: impl IntoIterator<Item = Value>,
    ) -> Self {
        let mut all = vec![tenant];
        all.extend(values);
        let list = placeholders(2, all.len() - 1);
        Self {
            text: Cow::Owned(format!(
                "DELETE FROM {table} WHERE tenant_id = $1 AND {column} IN ({list})"
            )),
            values: all,
        }
    }

    /// This statement and then the next, both of one tenant, as one text.
    #[must_use]
    pub(crate) fn then(mut self, next: Self) -> Self {
        // The tenant is `$1` in both; the others of the next move behind those of this.
        let shift = self.values.len() - 1;
        let text = self.text.to_mut();
        text.push_str("; ");
        renumber(text, &next.text, |number| match number {
            0 | 1 => 1,
            number => number + shift,
        });
        self.values.extend(next.values.into_iter().skip(1));
        self
    }

    /// The text of this statement so many times over, for as many sets of values one after the other, each with a tenant
    /// of its own.
    pub(crate) fn times(&self, times: usize) -> String {
        let mut text = String::with_capacity((self.text.len() + 16) * times);
        for time in 0..times {
            if time > 0 {
                text.push_str("; ");
            }
            renumber(&mut text, &self.text, |number| {
                number + time * self.values.len()
            });
        }
        text
    }

    /// As sea-orm takes it, with what comes before it in the same text.
    pub(crate) fn statement(
        self,
        backend: DbBackend,
        prelude: Option<&Prelude>,
    ) -> Result<Statement, Fault> {
        let (text, values) = self.checked()?;
        let text = match prelude {
            Some(prelude) => prelude.before(text.into_owned()),
            None => text.into_owned(),
        };
        Ok(Statement {
            sql: text,
            values: Some(values),
            db_backend: backend,
        })
    }

    /// Text and values. Refuses text that PostgreSQL can't keep, so that both databases answer alike.
    pub(crate) fn checked(self) -> Result<(Cow<'static, str>, Values), Fault> {
        let has_nul =
            |value: &Value| matches!(value, Value::String(Some(text)) if text.contains('\0'));
        if self.values.iter().any(has_nul) {
            return Err(fault::nul().into());
        }
        Ok((self.text, Values(self.values)))
    }
}

/// Adds the text, each of its placeholders with the number that `to` gives for its own.
fn renumber(into: &mut String, text: &str, to: impl Fn(usize) -> usize) {
    let mut parts = text.split('$');
    into.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        // Behind each `$` of our texts stands a number.
        let number = to(number.parse().unwrap_or(0));
        let _ = write!(into, "${number}{rest}");
    }
}

/// The placeholders `$from` to `$(from + count - 1)`, with commas.
pub(crate) fn placeholders(from: usize, count: usize) -> String {
    (from..from + count)
        .map(|index| format!("${index}"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_the_tenants_predicate_is_told_from_one_with_it() {
        assert!(contains(
            "SELECT 1 FROM t WHERE tenant_id = $1 AND id = $2",
            "tenant_id = $1"
        ));
        assert!(!contains("SELECT 1 FROM t WHERE id = $1", "tenant_id = $1"));
        assert!(!contains("tenant_id = $", "tenant_id = $1"));
    }

    #[test]
    fn statements_that_go_together_keep_their_own_values() {
        let one = Bound::insert("t", &["a"], 0.into(), [vec![1.into()]]).expect("has rows");
        let rows = [vec![2.into(), 3.into()]];
        let other = Bound::insert("u", &["b", "c"], 0.into(), rows).expect("has rows");
        let both = one.then(other);
        assert_eq!(
            both.text,
            "INSERT INTO t (tenant_id, a) VALUES ($1, $2); \
             INSERT INTO u (tenant_id, b, c) VALUES ($1, $3, $4)"
        );
        assert_eq!(both.values, [0.into(), 1.into(), 2.into(), 3.into()]);
    }

    #[test]
    fn the_same_statement_several_times_has_a_tenant_each() {
        let rows = [vec![1.into(), 2.into()]];
        let bound = Bound::insert("t", &["a", "b"], 0.into(), rows).expect("has rows");
        assert_eq!(
            bound.times(2),
            "INSERT INTO t (tenant_id, a, b) VALUES ($1, $2, $3); \
             INSERT INTO t (tenant_id, a, b) VALUES ($4, $5, $6)"
        );
    }

    #[test]
    fn a_deletion_of_many_binds_the_tenant() {
        let bound = Bound::delete_in("t", "id", 0.into(), [1.into(), 2.into()]);
        assert_eq!(
            bound.text,
            "DELETE FROM t WHERE tenant_id = $1 AND id IN ($2, $3)"
        );
        assert_eq!(bound.values, [0.into(), 1.into(), 2.into()]);
    }

    #[test]
    fn rows_share_the_tenants_placeholder() {
        let rows = [vec![1.into(), 2.into()], vec![3.into(), 4.into()]];
        let bound = Bound::insert("t", &["a", "b"], 0.into(), rows).expect("has rows");
        assert_eq!(
            bound.text,
            "INSERT INTO t (tenant_id, a, b) VALUES ($1, $2, $3), ($1, $4, $5)"
        );
        assert!(Bound::insert("t", &["a"], 0.into(), []).is_none());
    }
}

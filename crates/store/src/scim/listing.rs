//! Pages of users and groups: by index and by cursor, filtered and ordered by columns where they can be, and on the documents of
//! a bounded number of candidates where they can't.

use std::{cmp::Ordering, time::Duration};

use palisade_envelope::Result;
use palisade_identity::{Timestamp, ids::Uuid};
use palisade_scim::{
    AttributePath, ScimType,
    error::refusal,
    filter::{Filter, fold},
    limits,
    query::{Page, Sort},
};
use palisade_tenancy::TenantId;
use sea_orm::Value;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{
    search::{Column, Condition, Kind},
    sql::Connection,
};
use crate::{
    fault::Fault,
    page::{Position, TokenSealer},
    row::Columns,
    sql::Bound,
};

/// What a client asks of a list.
#[derive(Clone, Copy, Debug)]
pub struct ListRequest<'a> {
    /// Who fits.
    pub filter: Option<&'a Filter>,
    /// In which order; none: as they were made.
    pub sort: Option<&'a Sort>,
    /// Which of them.
    pub page: &'a Page,
    /// The filter and the order as the client wrote them, so that a cursor is good for them alone.
    pub fingerprint: &'a str,
    /// Whether what the service computes is wanted: a user's groups, a group's members.
    pub computed: bool,
}

/// A page of resources.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPage<T> {
    /// How many fit, whatever the page.
    pub total: u64,
    /// Those of this page.
    pub items: Vec<T>,
    /// The cursor of the next page, where pages are by cursor and there is one.
    pub next: Option<String>,
}

/// The most resources whose documents are looked at for one list.
const MOST_CANDIDATES: usize = 10_000;

/// By what a resource stands where it does in the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Key {
    /// It has no value.
    Missing,
    /// A number, a time in microseconds, or a boolean.
    Number(f64),
    Micros(i64),
    Text(String),
}

/// Where a page by cursor ends, and when the cursor was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    key: Key,
    id: Uuid,
    at: i64,
}

impl Position for Place {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// What a list needs to know of its resources.
pub(super) trait Listed: Sized {
    const KIND: Kind;
    const TABLE: &'static str;
    /// What follows the table where columns of another are needed.
    const JOIN: &'static str;
    /// The columns that [`Listed::read`] reads.
    const COLUMNS: &'static str;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Fault>;
    fn id(&self) -> Uuid;
    fn created(&self) -> Timestamp;
    fn modified(&self) -> Timestamp;
    fn attributes(&self) -> &Map<String, Json>;
}

/// A list of one connection.
pub(super) struct Listing<'a> {
    pub(super) connection: Connection<'a>,
    pub(super) tenant: TenantId,
    pub(super) now: Timestamp,
    pub(super) key: &'a [u8; 32],
    pub(super) request: ListRequest<'a>,
}

impl Listing<'_> {
    /// The page. `complete` gives a resource as it is answered, for filters that look at more than columns.
    pub(super) async fn page<T: Listed>(
        &self,
        complete: impl Fn(&T) -> Map<String, Json>,
    ) -> Result<ListPage<T>> {
        let condition = match self.request.filter {
            Some(filter) => T::KIND.condition(filter),
            None => Condition::always(),
        };
        if condition.blind {
            return Err(refusal(
                ScimType::InvalidFilter,
                "`members` of groups and `groups` of users can be searched by `value eq` and `pr` only",
            ));
        }
        let column = match self.request.sort {
            None => Some(T::KIND.id()),
            Some(sort) => order_column(T::KIND, &sort.path),
        };
        let connection = self.connection.first_values();
        let fingerprint = format!("{:?} {} {connection:?}", T::KIND, self.request.fingerprint);
        let sealer = TokenSealer::new(self.key, self.tenant, "scim", &fingerprint);
        let after = self.after(&sealer)?;
        let mut page = match column {
            Some(column) if condition.exact => self.by_columns(&condition, column, after).await?,
            _ => self.by_documents(&condition, after, complete).await?,
        };
        if let Page::Cursor { count, .. } = self.request.page
            && *count > 0
            && page.items.len() as u64 > *count
        {
            page.items
                .truncate(usize::try_from(*count).unwrap_or(usize::MAX));
            page.next = page
                .items
                .last()
                .and_then(|last| sealer.seal(&self.place(last)));
        }
        Ok(page)
    }

    /// Where the page before ended.
    fn after(&self, sealer: &TokenSealer<'_>) -> Result<Option<Place>> {
        let Page::Cursor {
            cursor: Some(cursor),
            ..
        } = self.request.page
        else {
            return Ok(None);
        };
        let place: Place = sealer.open(cursor)?;
        let age = self.now.timestamp_micros().saturating_sub(place.at);
        let most = Duration::from_secs(limits::CURSOR_TIMEOUT_SECONDS).as_micros();
        if u128::try_from(age).unwrap_or(0) > most {
            return Err(refusal(
                ScimType::ExpiredCursor,
                "the cursor is too old; begin the list anew",
            ));
        }
        Ok(Some(place))
    }

    fn place<T: Listed>(&self, item: &T) -> Place {
        Place {
            key: self.order_key(item),
            id: item.id(),
            at: self.now.timestamp_micros(),
        }
    }

    /// How many rows to read, and how many to pass over. One more than a page by cursor has tells whether another follows.
    fn window(&self) -> (u64, u64) {
        match self.request.page {
            Page::Index { start, count } => (*count, start.saturating_sub(1)),
            Page::Cursor { count: 0, .. } => (0, 0),
            Page::Cursor { count, .. } => (count + 1, 0),
        }
    }

    async fn by_columns<T: Listed>(
        &self,
        condition: &Condition,
        column: &'static str,
        after: Option<Place>,
    ) -> Result<ListPage<T>, Fault> {
        let (limit, offset) = self.window();
        if limit == 0 {
            let total = self.total::<T>(condition).await?;
            return Ok(ListPage {
                total,
                items: Vec::new(),
                next: None,
            });
        }
        let descending = self.request.sort.is_some_and(|sort| sort.descending);
        let id = T::KIND.id();
        let order = match (column == id, descending) {
            (true, false) => id.to_owned(),
            (true, true) => format!("{id} DESC"),
            (false, false) => format!("{column} NULLS LAST, {id}"),
            (false, true) => format!("{column} DESC NULLS FIRST, {id}"),
        };
        let mut text = Text::new(self.connection);
        text.push("SELECT (SELECT count(*) FROM ");
        text.push(&table::<T>(&condition.text, ""));
        text.among(condition);
        text.push(&format!("), {} FROM (SELECT {id} AS id FROM ", T::COLUMNS));
        text.push(&table::<T>(&condition.text, column));
        text.among(condition);
        if let Some(place) = after {
            text.push(" AND ");
            let behind = behind(column, id, descending, place);
            text.condition(&behind);
        }
        text.push(&format!(" ORDER BY {order} LIMIT "));
        text.value(i64::try_from(limit).unwrap_or(i64::MAX).into());
        text.push(" OFFSET ");
        text.value(i64::try_from(offset).unwrap_or(i64::MAX).into());
        text.push(&format!(
            ") k JOIN {} t ON t.tenant_id = $1 AND t.provider_id = $2 AND {id} = k.id {} ORDER BY {order}",
            T::TABLE,
            T::JOIN
        ));
        let rows = self.connection.all_bound(text.done()).await?;
        let mut total = None;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut columns = Columns::of(row);
            total = Some(columns.get::<i64>()?);
            items.push(T::read(&mut columns)?);
        }
        let total = match total {
            Some(total) => u64::try_from(total).unwrap_or(0),
            // A page behind the end tells how many there are all the same.
            None => self.total::<T>(condition).await?,
        };
        Ok(ListPage {
            total,
            items,
            next: None,
        })
    }

    async fn total<T: Listed>(&self, condition: &Condition) -> Result<u64, Fault> {
        let mut text = Text::new(self.connection);
        text.push("SELECT count(*) FROM ");
        text.push(&table::<T>(&condition.text, ""));
        text.among(condition);
        let rows = self.connection.all_bound(text.done()).await?;
        let total: i64 = match rows.first() {
            Some(row) => Columns::of(row).get()?,
            None => 0,
        };
        Ok(u64::try_from(total).unwrap_or(0))
    }

    async fn by_documents<T: Listed>(
        &self,
        condition: &Condition,
        after: Option<Place>,
        complete: impl Fn(&T) -> Map<String, Json>,
    ) -> Result<ListPage<T>> {
        let mut text = Text::new(self.connection);
        text.push(&format!(
            "SELECT {} FROM {} t {}",
            T::COLUMNS,
            T::TABLE,
            T::JOIN
        ));
        text.among(condition);
        text.push(&format!(" ORDER BY {} LIMIT ", T::KIND.id()));
        text.value(
            i64::try_from(MOST_CANDIDATES + 1)
                .unwrap_or(i64::MAX)
                .into(),
        );
        let rows = self.connection.all_bound(text.done()).await?;
        if rows.len() > MOST_CANDIDATES {
            return Err(refusal(
                ScimType::TooMany,
                format!(
                    "the filter or the order looks at more than {MOST_CANDIDATES} resources; \
                     add a condition on `userName`, `externalId`, `displayName`, `emails.value`, `active` or `meta`"
                ),
            ));
        }
        let mut items = Vec::new();
        for row in &rows {
            let item = T::read(&mut Columns::of(row))?;
            let fits = self
                .request
                .filter
                .is_none_or(|filter| filter.matches(&complete(&item)));
            if fits {
                items.push((self.order_key(&item), item));
            }
        }
        let total = items.len() as u64;
        items.sort_by(|(a, one), (b, other)| self.order((a, one.id()), (b, other.id())));
        if let Some(place) = after {
            items
                .retain(|(key, item)| self.order((key, item.id()), (&place.key, place.id)).is_gt());
        }
        let (limit, offset) = self.window();
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(ListPage {
            total,
            items: items
                .into_iter()
                .skip(size(offset))
                .take(size(limit))
                .map(|(_, item)| item)
                .collect(),
            next: None,
        })
    }

    fn order(&self, one: (&Key, Uuid), other: (&Key, Uuid)) -> Ordering {
        let by_key = compare(one.0, other.0);
        let by_key = match self.request.sort {
            Some(sort) if sort.descending => by_key.reverse(),
            _ => by_key,
        };
        by_key.then_with(|| one.1.cmp(&other.1))
    }

    fn order_key<T: Listed>(&self, item: &T) -> Key {
        let Some(sort) = self.request.sort else {
            return Key::Missing;
        };
        match T::KIND.column(&sort.path) {
            Some(Column::Id) => Key::Text(item.id().to_string()),
            Some(Column::Time(column)) if column.ends_with("created_at") => {
                Key::Micros(item.created().timestamp_micros())
            }
            Some(Column::Time(_)) => Key::Micros(item.modified().timestamp_micros()),
            _ => value_key(item.attributes(), &sort.path),
        }
    }
}

/// The column that orders by this path, where there is one.
fn order_column(kind: Kind, path: &AttributePath) -> Option<&'static str> {
    match kind.column(path)? {
        Column::Id => Some(kind.id()),
        Column::Text(column) | Column::Time(column) => Some(column),
        Column::Active | Column::Emails | Column::Members | Column::Groups => None,
    }
}

/// The table, with the other one where a condition or an order is on its columns.
fn table<T: Listed>(condition: &str, column: &str) -> String {
    let join = if condition.contains("i.") || column.starts_with("i.") {
        T::JOIN
    } else {
        ""
    };
    format!("{} t {join}", T::TABLE)
}

/// What comes after a place in the order.
fn behind(column: &str, id: &str, descending: bool, place: Place) -> Condition {
    let last: Value = place.id.into();
    let (text, values) = if column == id {
        let sign = if descending { "<" } else { ">" };
        (format!("{id} {sign} ?"), vec![last])
    } else {
        let value: Option<Value> = match place.key {
            Key::Missing | Key::Number(_) => None,
            Key::Micros(micros) => Some(micros.into()),
            Key::Text(text) => Some(text.into()),
        };
        match (value, descending) {
            (Some(value), false) => (
                format!("({column} > ? OR ({column} = ? AND {id} > ?) OR {column} IS NULL)"),
                vec![value.clone(), value, last],
            ),
            (None, false) => (format!("({column} IS NULL AND {id} > ?)"), vec![last]),
            (Some(value), true) => (
                format!("({column} < ? OR ({column} = ? AND {id} > ?))"),
                vec![value.clone(), value, last],
            ),
            (None, true) => (format!("({column} IS NOT NULL OR {id} > ?)"), vec![last]),
        }
    };
    Condition::exact(text, values)
}

/// By what a resource is ordered: of a list its primary value, or else its first.
fn value_key(attributes: &Map<String, Json>, path: &AttributePath) -> Key {
    let home = match path.extension() {
        Some(urn) => attributes.get(urn).and_then(Json::as_object),
        None => Some(attributes),
    };
    let Some(found) = home.and_then(|home| home.get(path.attribute().name())) else {
        return Key::Missing;
    };
    let one = match found {
        Json::Array(items) => {
            let primary = |item: &&Json| item.get("primary") == Some(&Json::Bool(true));
            match items.iter().find(primary).or_else(|| items.first()) {
                Some(item) => item,
                None => return Key::Missing,
            }
        }
        one => one,
    };
    let value = match path.sub_attribute() {
        Some(sub) => match one.get(sub.name()) {
            Some(value) => value,
            None => return Key::Missing,
        },
        None => one,
    };
    match value {
        Json::String(text) if path.target().is_case_exact() => Key::Text(text.clone()),
        Json::String(text) => Key::Text(fold(text)),
        Json::Bool(value) => Key::Number(f64::from(u8::from(*value))),
        Json::Number(number) => Key::Number(number.as_f64().unwrap_or_default()),
        _ => Key::Missing,
    }
}

/// Ascending: what is missing comes last.
fn compare(one: &Key, other: &Key) -> Ordering {
    match (one, other) {
        (Key::Missing, Key::Missing) => Ordering::Equal,
        (Key::Missing, _) => Ordering::Greater,
        (_, Key::Missing) => Ordering::Less,
        (Key::Text(one), Key::Text(other)) => one.cmp(other),
        (Key::Micros(one), Key::Micros(other)) => one.cmp(other),
        (Key::Number(one), Key::Number(other)) => one.total_cmp(other),
        (Key::Text(_), _) => Ordering::Greater,
        (_, Key::Text(_)) => Ordering::Less,
        (Key::Micros(_), Key::Number(_)) => Ordering::Greater,
        (Key::Number(_), Key::Micros(_)) => Ordering::Less,
    }
}

/// A statement being put together.
struct Text {
    text: String,
    values: Vec<Value>,
}

impl Text {
    fn new(connection: Connection<'_>) -> Self {
        Self {
            text: String::new(),
            values: connection.first_values(),
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn value(&mut self, value: Value) {
        self.values.push(value);
        self.text.push_str(&format!("${}", self.values.len()));
    }

    /// Those of the connection for whom the condition holds.
    fn among(&mut self, condition: &Condition) {
        self.push(" WHERE t.tenant_id = $1 AND t.provider_id = $2 AND (");
        self.condition(condition);
        self.push(")");
    }

    fn condition(&mut self, condition: &Condition) {
        let mut parts = condition.text.split('?');
        self.push(parts.next().unwrap_or_default());
        for (part, value) in parts.zip(condition.values.iter()) {
            self.value(value.clone());
            self.push(part);
        }
    }

    fn done(self) -> Bound {
        Bound {
            text: self.text,
            values: self.values,
        }
    }
}

//! Pages of users and groups: by index and by cursor, filtered and ordered by columns where they can be, and on the documents of
//! a bounded number of candidates where they can't.

use std::{cmp::Ordering, time::Duration};

use palisade_envelope::{Error, Result};
use palisade_identity::{Timestamp, ids::Uuid};
use palisade_scim::{
    AttributePath, Resource, ScimType,
    error::refusal,
    filter::{Filter, fold},
    limits,
    query::{Page, Sort},
};
use palisade_tenancy::TenantId;
use sea_orm::Value;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::{
    Walks,
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

/// The most bytes of documents that are looked at for one list, and the most that a page has but for its last part.
const MOST_LOOKED_AT: usize = 64 * 1024 * 1024;
const MOST_IN_PAGE: usize = 16 * 1024 * 1024;

/// How many resources one statement of a page reads; nearly all pages are smaller.
const PART: u64 = 250;

/// How many documents are read at first where they have to be looked at, and at most.
const FIRST_LOOK: usize = 100;
const LARGEST_LOOK: usize = 1_000;

/// The most parts of a filter that the database has to decide for each document that is looked at.
const MOST_APART: usize = 20;

/// Where a page ends, and when it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    key: Key,
    id: Uuid,
    at: i64,
}

impl Place {
    /// Whether both are at the same resource as it was.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        self.id == other.id && self.key == other.key
    }

    #[cfg(test)]
    pub(super) fn at_id(id: Uuid) -> Self {
        Self {
            key: Key::Missing,
            id,
            at: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn id(&self) -> Uuid {
        self.id
    }
}

impl Position for Place {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// Where a page begins.
#[derive(Clone, Debug, Default)]
struct Start {
    /// Behind this resource.
    behind: Option<Place>,
    /// So many come before it. Without the other, that many are passed over.
    passed: u64,
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
    fn resource(&self) -> &Resource;

    /// Reads what those of a page have beside them, where it is asked for; of how many of them there is room for it.
    fn furnish(
        _: Connection<'_>,
        page: &mut [Self],
    ) -> impl Future<Output = Result<usize, Fault>> + Send {
        std::future::ready(Ok(page.len()))
    }

    /// How many rows it has beside, which are read where they are asked for.
    fn beside(&self) -> u64 {
        0
    }
}

/// A list of one connection.
pub(super) struct Listing<'a> {
    pub(super) connection: Connection<'a>,
    pub(super) tenant: TenantId,
    pub(super) now: Timestamp,
    pub(super) key: &'a [u8; 32],
    pub(super) walks: &'a Walks,
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
        let from = self.from(&sealer, &fingerprint)?;
        let (mut page, mut cut) = match column {
            Some(column) if condition.exact => self.by_columns(&condition, column, from).await?,
            _ => (self.by_documents(&condition, from, complete).await?, false),
        };
        if let Some(asked) = self.size()
            && page.items.len() > asked
        {
            page.items.truncate(asked);
            cut = true;
        }
        cut |= self.cut_to_what_can_be_answered(&mut page);
        if self.request.computed {
            let fits = T::furnish(self.connection, &mut page.items).await?;
            cut |= fits < page.items.len();
            page.items.truncate(fits);
        }
        let place = page.items.last().map(|last| self.place(last));
        match (self.request.page, place) {
            (Page::Cursor { .. }, Some(place)) if cut => page.next = sealer.seal(&place),
            (Page::Index { start, count }, Some(place))
                if cut || page.items.len() as u64 >= *count =>
            {
                let next = start.saturating_add(page.items.len() as u64);
                self.walks.ended(&fingerprint, *count, next, &place);
            }
            _ => {}
        }
        Ok(page)
    }

    /// How many are asked for, where they are asked for by cursor: one more is read, to know whether there are more.
    fn size(&self) -> Option<usize> {
        match self.request.page {
            Page::Cursor { count, .. } => Some(usize::try_from(*count).unwrap_or(usize::MAX)),
            Page::Index { .. } => None,
        }
    }

    /// Cuts a page whose resources have more beside them, all together, than one of them can have; whether it did.
    fn cut_to_what_can_be_answered<T: Listed>(&self, page: &mut ListPage<T>) -> bool {
        if !self.request.computed {
            return false;
        }
        let most = u64::try_from(limits::MAX_GROUP_MEMBERS).unwrap_or(u64::MAX);
        let mut sum = 0_u64;
        let fits = page.items.iter().take_while(|item| {
            sum = sum.saturating_add(item.beside());
            sum <= most
        });
        let fits = fits.count().max(1);
        let cut = fits < page.items.len();
        page.items.truncate(fits);
        cut
    }

    /// Where the page begins.
    fn from(&self, sealer: &TokenSealer<'_>, list: &str) -> Result<Start> {
        let cursor = match self.request.page {
            Page::Index { start, count } => {
                let behind = (*start > 1).then(|| self.walks.behind(list, *count, *start));
                return Ok(Start {
                    behind: behind.flatten(),
                    passed: start.saturating_sub(1),
                });
            }
            Page::Cursor { cursor, .. } => cursor,
        };
        let Some(cursor) = cursor else {
            return Ok(Start::default());
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
        Ok(Start {
            behind: Some(place),
            passed: 0,
        })
    }

    fn place<T: Listed>(&self, item: &T) -> Place {
        Place {
            key: self.order_key(item),
            id: item.id(),
            at: self.now.timestamp_micros(),
        }
    }

    /// How many rows to read. One more than a page by cursor has tells whether another follows.
    fn limit(&self) -> u64 {
        match self.request.page {
            Page::Index { count, .. } => *count,
            Page::Cursor { count: 0, .. } => 0,
            Page::Cursor { count, .. } => count.saturating_add(1),
        }
    }

    /// The page and whether it was cut, because what it has is large.
    async fn by_columns<T: Listed>(
        &self,
        condition: &Condition,
        column: &'static str,
        from: Start,
    ) -> Result<(ListPage<T>, bool), Fault> {
        let limit = self.limit();
        let mut part = from.clone();
        let mut items: Vec<T> = Vec::new();
        let mut total = None;
        let mut bytes = 0;
        let mut cut = false;
        while (items.len() as u64) < limit {
            let want = (limit - items.len() as u64).min(PART);
            let counted = total.is_none().then_some(&from);
            let statement = self.part::<T>(condition, column, (&part, want), counted);
            let rows = self.connection.all_bound(statement).await?;
            for row in &rows {
                let mut columns = Columns::of(row);
                let count: i64 = columns.get()?;
                total.get_or_insert(u64::try_from(count).unwrap_or(0));
                items.push(T::read(&mut columns)?);
            }
            if (rows.len() as u64) < want {
                break;
            }
            if limit > PART {
                let read = items.iter().rev().take(rows.len());
                bytes += read.map(|item| item.resource().weight()).sum::<usize>();
            }
            if bytes > MOST_IN_PAGE {
                cut = (items.len() as u64) < limit;
                break;
            }
            part = Start {
                behind: items.last().map(|last| self.place(last)),
                passed: 0,
            };
        }
        let total = match total {
            Some(total) => total.saturating_add(self.passed(&from)),
            // A page behind the end tells how many there are all the same: nobody is left who could be missed.
            None => self.total::<T>(condition).await?,
        };
        let page = ListPage {
            total,
            items,
            next: None,
        };
        Ok((page, cut))
    }

    /// How many were passed over that are not counted: a walk by index counts from where it is, so that it does not end early when
    /// some go whom it has seen.
    fn passed(&self, from: &Start) -> u64 {
        match (self.request.page, &from.behind) {
            (Page::Index { .. }, Some(_)) => from.passed,
            _ => 0,
        }
    }

    /// The statement for a part of a page, with the number of all before the columns of each.
    fn part<T: Listed>(
        &self,
        condition: &Condition,
        column: &'static str,
        (from, limit): (&Start, u64),
        counted: Option<&Start>,
    ) -> Bound {
        let descending = self.request.sort.is_some_and(|sort| sort.descending);
        let id = T::KIND.id();
        let order = match (column == id, descending) {
            (true, false) => id.to_owned(),
            (true, true) => format!("{id} DESC"),
            (false, false) => format!("{column} NULLS LAST, {id}"),
            (false, true) => format!("{column} DESC NULLS FIRST, {id}"),
        };
        let mut text = Text::new(self.connection);
        match counted {
            Some(counted) => {
                text.push("SELECT (");
                self.count::<T>(&mut text, condition, column, counted);
                text.push(")");
            }
            None => text.push("SELECT CAST(0 AS bigint)"),
        }
        text.push(&format!(", {} FROM (SELECT {id} AS id FROM ", T::COLUMNS));
        text.push(&table::<T>(&condition.text, column));
        text.among(condition);
        if let Some(place) = &from.behind {
            text.push(" AND ");
            text.condition(&behind(column, id, descending, place));
        }
        text.push(&format!(" ORDER BY {order} LIMIT "));
        text.value(i64::try_from(limit).unwrap_or(i64::MAX).into());
        if from.behind.is_none() {
            text.push(" OFFSET ");
            text.value(i64::try_from(from.passed).unwrap_or(i64::MAX).into());
        }
        text.push(&format!(
            ") k JOIN {} t ON t.tenant_id = $1 AND t.provider_id = $2 AND {id} = k.id {} ORDER BY {order}",
            T::TABLE,
            T::JOIN
        ));
        text.done()
    }

    /// The statement that counts: all, but for a walk by index those that are left of it.
    fn count<T: Listed>(
        &self,
        text: &mut Text,
        condition: &Condition,
        column: &'static str,
        from: &Start,
    ) {
        let left = match (self.request.page, &from.behind) {
            (Page::Index { .. }, Some(place)) => Some(place),
            _ => None,
        };
        text.push("SELECT count(*) FROM ");
        text.push(&table::<T>(&condition.text, left.map_or("", |_| column)));
        text.among(condition);
        if let Some(place) = left {
            let descending = self.request.sort.is_some_and(|sort| sort.descending);
            text.push(" AND ");
            text.condition(&behind(column, T::KIND.id(), descending, place));
        }
    }

    async fn total<T: Listed>(&self, condition: &Condition) -> Result<u64, Fault> {
        let mut text = Text::new(self.connection);
        self.count::<T>(&mut text, condition, "", &Start::default());
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
        from: Start,
        complete: impl Fn(&T) -> Map<String, Json>,
    ) -> Result<ListPage<T>> {
        if condition.apart.len() > MOST_APART {
            let sentence = format!(
                "expected {MOST_APART} conditions on `{}` at most, beside others",
                T::KIND.attribute_apart()
            );
            return Err(refusal(ScimType::TooMany, sentence));
        }
        let mut items: Vec<(Key, T)> = Vec::new();
        let (mut seen, mut bytes, mut last) = (0, 0, None);
        let mut look = FIRST_LOOK;
        loop {
            let statement =
                Self::candidates::<T>(Text::new(self.connection), condition, last, look);
            let rows = self.connection.all_bound(statement).await?;
            for row in &rows {
                let mut columns = Columns::of(row);
                let item = T::read(&mut columns)?;
                last = Some(item.id());
                seen += 1;
                bytes += item.resource().weight();
                if seen > MOST_CANDIDATES || bytes > MOST_LOOKED_AT {
                    return Err(too_many());
                }
                let mut document = complete(&item);
                let mut there = Vec::new();
                for apart in &condition.apart {
                    if columns.get::<i32>().map_err(Fault::from)? == 1 {
                        there.push(json!({"value": apart.id}));
                    }
                }
                if !there.is_empty() {
                    let name = T::KIND.attribute_apart().to_owned();
                    document.insert(name, Json::Array(there));
                }
                let filter = self.request.filter;
                if filter.is_none_or(|filter| filter.matches(&document)) {
                    items.push((self.order_key(&item), item));
                }
            }
            if rows.len() < look {
                break;
            }
            look = LARGEST_LOOK
                .min(look * MOST_IN_PAGE / (bytes + 1))
                .max(FIRST_LOOK);
        }
        let mut total = items.len() as u64;
        items.sort_by(|(a, one), (b, other)| self.order((a, one.id()), (b, other.id())));
        let mut passed = from.passed;
        if let Some(place) = &from.behind {
            items
                .retain(|(key, item)| self.order((key, item.id()), (&place.key, place.id)).is_gt());
            if matches!(self.request.page, Page::Index { .. }) && !items.is_empty() {
                total = from.passed.saturating_add(items.len() as u64);
            }
            passed = 0;
        }
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(ListPage {
            total,
            items: items
                .into_iter()
                .skip(size(passed))
                .take(size(self.limit()))
                .map(|(_, item)| item)
                .collect(),
            next: None,
        })
    }

    /// The statement for the next of those whose documents are to be looked at, with what their documents don't have.
    fn candidates<T: Listed>(
        mut text: Text,
        condition: &Condition,
        behind: Option<Uuid>,
        limit: usize,
    ) -> Bound {
        let id = T::KIND.id();
        text.push(&format!("SELECT {}", T::COLUMNS));
        for apart in &condition.apart {
            text.push(", CASE WHEN ");
            text.with(&apart.text, &apart.values);
            text.push(" THEN 1 ELSE 0 END");
        }
        text.push(&format!(" FROM {} t {}", T::TABLE, T::JOIN));
        text.among(condition);
        if let Some(behind) = behind {
            text.push(&format!(" AND {id} > "));
            text.value(behind.into());
        }
        text.push(&format!(" ORDER BY {id} LIMIT "));
        text.value(i64::try_from(limit).unwrap_or(i64::MAX).into());
        text.done()
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
            _ => value_key(item.resource().attributes(), &sort.path),
        }
    }
}

fn too_many() -> Error {
    refusal(
        ScimType::TooMany,
        format!(
            "the filter or the order looks at more than {MOST_CANDIDATES} resources, or at very large ones; \
             add a condition on `userName`, `externalId`, `displayName`, `emails.value`, `active` or `meta`"
        ),
    )
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
fn behind(column: &str, id: &str, descending: bool, place: &Place) -> Condition {
    let last: Value = place.id.into();
    let (text, values) = if column == id {
        let sign = if descending { "<" } else { ">" };
        (format!("{id} {sign} ?"), vec![last])
    } else {
        let value: Option<Value> = match &place.key {
            Key::Missing | Key::Number(_) => None,
            Key::Micros(micros) => Some((*micros).into()),
            Key::Text(text) => Some(text.as_str().into()),
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
        self.with(&condition.text, &condition.values);
    }

    fn with(&mut self, text: &str, values: &[Value]) {
        let mut parts = text.split('?');
        self.push(parts.next().unwrap_or_default());
        for (part, value) in parts.zip(values) {
            self.value(value.clone());
            self.push(part);
        }
    }

    fn done(self) -> Bound {
        Bound {
            text: self.text.into(),
            values: self.values,
        }
    }
}

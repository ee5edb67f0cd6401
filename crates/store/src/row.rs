//! Reading columns.

use palisade_envelope::Error;
use palisade_identity::Timestamp;
use sea_orm::{DbErr, QueryResult, TryGetable, Value};
use serde::de::DeserializeOwned;

use crate::fault::Fault;

/// The value of a point in time: microseconds since 1970.
pub(crate) fn at(time: Timestamp) -> Value {
    time.timestamp_micros().into()
}

/// The value of a point in time that may be missing.
pub(crate) fn maybe_at(time: Option<Timestamp>) -> Value {
    Value::BigInt(time.map(|time| time.timestamp_micros()))
}

/// The value of a text that may be missing.
pub(crate) fn maybe_text(text: Option<&str>) -> Value {
    Value::String(text.map(str::to_owned))
}

/// The value of a document.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<Value, Fault> {
    serde_json::to_string(value)
        .map(Value::from)
        .map_err(|error| Error::internal(error).into())
}

/// A row whose columns are read one after the other, in the order of the statement.
pub(crate) struct Columns<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) const fn of(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }

    /// Passes over columns.
    pub(crate) const fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    /// The next column.
    pub(crate) fn get<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        let index = self.next;
        self.next += 1;
        self.row.try_get_by_index(index)
    }

    /// The next column, a point in time.
    pub(crate) fn time(&mut self) -> Result<Timestamp, Fault> {
        let micros: i64 = self.get()?;
        timestamp(micros)
    }

    /// The next column, a point in time or null.
    pub(crate) fn maybe_time(&mut self) -> Result<Option<Timestamp>, Fault> {
        let micros: Option<i64> = self.get()?;
        micros.map(timestamp).transpose()
    }

    /// The next column, a word that `parse` knows.
    pub(crate) fn word<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Fault> {
        let word: String = self.get()?;
        parse(&word).ok_or_else(|| unreadable(format!("unknown word `{word}` in a row")))
    }

    /// The next column, a JSON document or null.
    pub(crate) fn maybe_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Fault> {
        let text: Option<String> = self.get()?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| Error::internal(error).into()))
            .transpose()
    }

    /// The next column, a JSON document.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, Fault> {
        let text: String = self.get()?;
        serde_json::from_str(&text).map_err(|error| Error::internal(error).into())
    }
}

fn timestamp(micros: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_timestamp_micros(micros)
        .ok_or_else(|| unreadable(format!("`{micros}` is no time")))
}

/// A row that holds what this program never writes.
pub(crate) fn unreadable(what: String) -> Fault {
    Error::internal(what).into()
}

//! A row of CSV, by column.

use palisade_envelope::{Error, Result};
use serde_json::Value;

use super::{mapping::Mapping, record::Record};

/// The mapping says all.
pub(super) fn record(source: &Value, mapping: &Mapping) -> Result<Record> {
    let Value::Object(row) = source else {
        return Err(Error::field("row", "an object"));
    };
    let mut record = Record::default();
    mapping.of_row(row)?.apply(source, &mut record)?;
    Ok(record)
}

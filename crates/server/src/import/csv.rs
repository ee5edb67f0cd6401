//! A row of CSV, by column.

use palisade_envelope::Result;
use serde_json::Value;

use super::{
    mapping::Mapping,
    record::{Record, object},
};

/// The mapping says all.
pub(super) fn record(source: &Value, mapping: &Mapping) -> Result<Record> {
    object(source)?;
    let mut record = Record::default();
    mapping.apply(source, &mut record)?;
    Ok(record)
}

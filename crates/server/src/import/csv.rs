//! A row of CSV, by column.

use std::collections::BTreeMap;

use palisade_envelope::{Error, Result};
use palisade_identity::json;
use serde_json::{Value, value::RawValue};

use super::{
    mapping::Mapping,
    record::Record,
    rows::{EXCESS, LONGEST, too_long},
};

/// The mapping says all.
pub(super) fn record(source: &Value, mapping: &Mapping) -> Result<Record> {
    let Value::Object(row) = source else {
        return Err(Error::field("row", "an object"));
    };
    let mut record = Record::default();
    mapping.of_row(row)?.apply(source, &mut record)?;
    Ok(record)
}

/// A row by column as a file of rejected rows has it: cells are no lists and no objects there either, and all together
/// no longer than a row can be.
pub(super) fn rejected(text: &[u8]) -> Result<Value> {
    // Lists and objects can take a hundred times their text: they are not read to find that they are there.
    let cells: BTreeMap<String, &RawValue> = match serde_json::from_slice(text) {
        Ok(cells) => cells,
        // What is wrong with it, if it is no JSON.
        Err(_) if text.len() > LONGEST => return Err(too_long()),
        Err(_) => return json::parse(text),
    };
    for (name, cell) in cells {
        // Of those beyond the header the mapping tells what to do with them.
        let list = cell.get().starts_with('[') && !(name == EXCESS && cell.get().len() <= LONGEST);
        if list || cell.get().starts_with('{') {
            return Err(Error::field(name, "a text, a number, `true` or `false`"));
        }
    }
    let row = json::parse(text)?;
    let texts = row.as_object().into_iter().flatten();
    let length: usize = texts
        .map(|(_, cell)| cell.as_str().map_or(0, str::len))
        .sum();
    if length > LONGEST {
        return Err(too_long());
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_row_is_of_cells_and_no_longer_than_others() {
        let row = rejected(br#"{"email": "a", "n": 1, "on": true}"#).expect("is one");
        assert_eq!(row, serde_json::json!({"email": "a", "n": 1, "on": true}));
        let many = format!(
            r#"{{"email": "a", "metadata_admin": [{}0]}}"#,
            "0,".repeat(2 * LONGEST)
        );
        for composite in [many.as_str(), r#"{"metadata_admin": {"a": 1}}"#] {
            let error = rejected(composite.as_bytes()).expect_err("no cell");
            assert_eq!(error.envelope().details["field"], "metadata_admin");
        }
        let long = |length| format!(r#"{{"email": "{}"}}"#, "x".repeat(length));
        rejected(long(LONGEST).as_bytes()).expect("as long as a row can be");
        let error = rejected(long(LONGEST + 1).as_bytes()).expect_err("is longer");
        assert_eq!(error.code(), palisade_envelope::Code::BodyTooLarge);
        for broken in ["{\"email\": ", "{\"a\": 1, \"a\": 2}"] {
            rejected(broken.as_bytes()).expect_err(broken);
        }
        let beyond = rejected(br#"{"email": "a", "cells beyond the header": ["b"]}"#);
        assert!(beyond.expect("is for the mapping")[EXCESS].is_array());
    }
}

//! Rows of CSV.

use std::{cell::RefCell, collections::HashMap, io::Read, rc::Rc};

use palisade_envelope::Error;
use serde_json::{Map, Value};

use super::{
    EXCESS, EXCESS_CELLS, Each, Gauge, Read1, Row,
    quotes::{Minded, Quotes},
};
use crate::{Failure, import::source::Source};

/// A row each record, by the columns of the header.
pub(super) fn csv(
    reader: impl Read,
    delimiter: u8,
    gauge: &Gauge,
    source: &Source,
    columns: &mut dyn FnMut(&[String]) -> Result<(), Failure>,
    take: &mut Each<'_>,
) -> Result<(), Failure> {
    let broken =
        |error: csv::Error| Failure::new(format!("{} can't be understood: {error}", source.name()));
    let quotes = Rc::new(RefCell::new(Quotes::new(delimiter)));
    let mut records = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(Minded {
            inner: reader,
            quotes: Rc::clone(&quotes),
        });
    let header: Vec<String> = records
        .headers()
        .map_err(broken)?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    if header.is_empty() {
        return Ok(());
    }
    if header.iter().all(String::is_empty) {
        let name = source.name();
        return Err(Failure::new(format!(
            "the header of {name} names no column"
        )));
    }
    if quotes.borrow_mut().torn(records.position().byte()) {
        let name = source.name();
        return Err(Failure::new(format!(
            "the header of {name} has a cell with text behind the quote that ends it"
        )));
    }
    // Where the header is missing, the first row's cells stand here: they are not for others to see.
    let mut places = HashMap::with_capacity(header.len());
    for (index, name) in header.iter().enumerate() {
        if let Some(first) = places.insert(name.as_str(), index) {
            return Err(Failure::new(format!(
                "the header of {} has the same name for column {} and column {}",
                source.name(),
                first + 1,
                index + 1
            )));
        }
    }
    columns(&header)?;
    let mut record = csv::ByteRecord::new();
    while records.read_byte_record(&mut record).map_err(broken)? {
        gauge.reset();
        let torn = quotes.borrow_mut().torn(records.position().byte());
        if take(row(&header, &record, delimiter, torn)).is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// A row of these cells. `torn`: there is text behind a quote that ends a cell, so that nobody knows where cells begin.
fn row(header: &[String], record: &csv::ByteRecord, delimiter: u8, torn: bool) -> Read1 {
    // A cell takes many times its length here, and a row can have a million.
    let most = header.len() + EXCESS_CELLS;
    let mut texts = Vec::with_capacity(record.len().min(most));
    for (index, cell) in record.iter().enumerate() {
        match std::str::from_utf8(cell) {
            Ok(text) if index < most => texts.push(Value::from(text)),
            Ok(_) => {}
            Err(_) => {
                let name = header.get(index).map_or("row", String::as_str);
                let error = Error::field(name, "text in UTF-8");
                return Err((error, Row::Text(line_of(record, delimiter))));
            }
        }
    }
    if !torn && record.len() == header.len() {
        let cells = header.iter().cloned().zip(texts);
        return Ok(Row::Value(Value::Object(cells.collect())));
    }
    let expected = if torn {
        "no text behind the quote that ends a cell".to_owned()
    } else {
        let (columns, cells) = (header.len(), record.len());
        format!("as many columns as the header has: {columns}, not {cells}")
    };
    let known: &[String] = if torn { &[] } else { header };
    let mut texts = texts.into_iter();
    let mut cells: Map<String, Value> = known.iter().cloned().zip(texts.by_ref()).collect();
    let excess: Vec<Value> = texts.collect();
    if !excess.is_empty() {
        cells.insert(EXCESS.to_owned(), excess.into());
    }
    Err((Error::field("row", expected), Row::Value(cells.into())))
}

/// The record as CSV again.
fn line_of(record: &csv::ByteRecord, delimiter: u8) -> Vec<u8> {
    let mut line = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(Vec::new());
    // Memory takes all of it.
    let _ = line.write_byte_record(record);
    line.into_inner().unwrap_or_default()
}

//! Tells the rows of a file apart, one at a time: what is read is as large as one row, whatever the file's size.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    fmt,
    io::{BufRead, BufReader, Cursor, Read},
    ops::ControlFlow,
    rc::Rc,
};

use data_encoding::BASE64;
use palisade_envelope::{Code, Error};
use palisade_identity::json;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value, error::Category, value::RawValue};

use super::{Format, source::Source};
use crate::Failure;

/// The longest row, in bytes. What is made of one takes many times as much (`[0,0,...]`: some thirty), and a few are in
/// memory at a time.
pub(crate) const LONGEST: usize = 1024 * 1024;
/// The longest line of a file of rejected rows. The row stands there beside the reason, where six bytes can stand for one
/// (`\u0001`), and a row of CSV has the names of its columns, too.
pub(super) const LONGEST_REJECTED: usize = 16 * LONGEST;
/// How much of a row that is too long is shown with its refusal, in bytes.
const SHOWN: usize = 256;
/// The members that lines of rejected rows begin with: as they are written, or sorted by what corrected them.
const REJECTED: &[&str] = &["import", "row", "code"];
/// The member of a row of CSV for cells of which it is not known what column they belong to.
pub(super) const EXCESS: &str = "cells beyond the header";
/// The most of them that are kept, beyond as many as the header has.
const EXCESS_CELLS: usize = 100;
/// How much of a file is looked at to see what it is, behind white space, and how much white space before it, in bytes.
const BEGIN: usize = 64;
const SPACE: usize = 64 * 1024;

/// A row as it stands in the file.
#[derive(Clone, Debug)]
pub(super) enum Row {
    /// JSON, not looked at yet.
    Text(Vec<u8>),
    /// What has been read already: a row of CSV, by column.
    Value(Value),
}

impl Row {
    /// Its size in bytes, more or less.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Value(value) => size(value),
        }
    }

    /// As a member of a line of the file of rejected rows. What is no UTF-8 has another name: as a text it would not be
    /// what it was, and could be taken for what was corrected.
    pub(super) fn member(&self) -> String {
        match self {
            Self::Text(text) if std::str::from_utf8(text).is_err() => {
                format!("\"source_base64\":\"{}\"", BASE64.encode(text))
            }
            row => format!("\"source\":{}", row.source()),
        }
    }

    /// As the file of rejected rows shows it, on one line: as it was where that is JSON that can be read, else as a text.
    pub(super) fn source(&self) -> String {
        match self {
            Self::Text(text) if json::parse(text).is_ok() => {
                // Line ends are white space there: in a text they are written with an escape.
                let line = text.iter().copied();
                let line: Vec<u8> = line.filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
                String::from_utf8_lossy(&line).into_owned()
            }
            Self::Text(text) => Value::from(String::from_utf8_lossy(text)).to_string(),
            Self::Value(value) => value.to_string(),
        }
    }
}

/// What a value takes by itself where it stands in a list or an object, in bytes, more or less.
const PLACE: usize = 64;

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| PLACE + size(item)).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| PLACE + name.len() + size(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// A row, or what is left of one that can't be read, with why.
pub(super) type Read1 = Result<Row, (Error, Row)>;

/// Takes rows; `Break` ends the reading.
pub(super) type Each<'a> = dyn FnMut(Read1) -> ControlFlow<()> + 'a;

/// Reads all rows. Tells whether the file is one of rejected rows, whose rows are in the member `source`, before the
/// first of them.
pub(super) fn each(
    format: Format,
    delimiter: u8,
    source: &Source,
    begin: &mut dyn FnMut(bool),
    columns: &mut dyn FnMut(&[String]) -> Result<(), Failure>,
    take: &mut Each<'_>,
) -> Result<(), Failure> {
    let gauge = Gauge::default();
    let inner = Gauged {
        inner: source.reader()?,
        gauge: gauge.clone(),
    };
    let mut reader = BufReader::with_capacity(64 * 1024, inner);
    let broken =
        |error: std::io::Error| Failure::new(format!("{} can't be read: {error}", source.name()));
    let head = head(&mut reader).map_err(broken)?;
    if let Some(what) = head.wrong() {
        return Err(Failure::new(format!("{} is {what}", source.name())));
    }
    begin(head.rejected);
    let mut reader = Cursor::new(head.bytes).chain(reader);
    if head.rejected {
        return lines(&mut reader, LONGEST_REJECTED, take).map_err(broken);
    }
    match format {
        Format::Ory | Format::Auth0 if head.first == Some(b'[') => {
            gauge.reset();
            arrays(&mut reader, &gauge, take).map_err(|error| malformed(source, &error))
        }
        Format::Ory | Format::Auth0 => lines(&mut reader, LONGEST, take).map_err(broken),
        Format::Keycloak => {
            gauge.reset();
            realms(&mut reader, &gauge, source, take)
        }
        Format::Csv => {
            gauge.reset();
            csv(reader, delimiter, &gauge, source, columns, take)
        }
    }
}

/// Where the file can't be understood, and how; nothing of what stands there, which may be secret.
fn malformed(source: &Source, error: &serde_json::Error) -> Failure {
    let what = match error.classify() {
        Category::Io => return Failure::new(format!("{} can't be read: {error}", source.name())),
        Category::Eof => "it ends too early",
        Category::Syntax => "it is not JSON, or nested too deep",
        Category::Data => "it is not of the form that is expected",
    };
    Failure::new(format!(
        "{} can't be understood: {what} (line {}, column {})",
        source.name(),
        error.line(),
        error.column()
    ))
}

/// How a file begins.
struct Head {
    /// What was read of it.
    bytes: Vec<u8>,
    /// The first character that is no white space.
    first: Option<u8>,
    rejected: bool,
}

impl Head {
    fn wrong(&self) -> Option<&'static str> {
        match self.bytes.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("text in UTF-16; convert it to UTF-8"),
            [0x1f, 0x8b, ..] => Some(
                "compressed with gzip; decompress it, or pipe it in: `zcat <file> | palisade import .. -`",
            ),
            [b'P', b'K', 3, 4, ..] => Some("a ZIP archive; unpack it"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("compressed with zstd; decompress it"),
            _ => None,
        }
    }
}

/// Reads how the file begins, without a byte order mark. A pipe gives what there is at the time, which can be little.
fn head(reader: &mut impl Read) -> std::io::Result<Head> {
    const BOM: &[u8] = b"\xef\xbb\xbf";
    let (mut bytes, mut first) = (Vec::new(), None);
    let most = u64::try_from(BEGIN).unwrap_or(u64::MAX);
    while first.map_or(bytes.len() < SPACE, |first| bytes.len() < first + BEGIN) {
        if reader.by_ref().take(most).read_to_end(&mut bytes)? == 0 {
            break;
        }
        if bytes.starts_with(BOM) {
            bytes.drain(..BOM.len());
        }
        first = first.or_else(|| bytes.iter().position(|byte| !byte.is_ascii_whitespace()));
    }
    Ok(Head {
        first: first.and_then(|first| bytes.get(first).copied()),
        rejected: is_rejected(&bytes),
        bytes,
    })
}

/// Whether a file of rejected rows begins so.
fn is_rejected(bytes: &[u8]) -> bool {
    fn after<'a>(bytes: &'a [u8], text: &str) -> Option<&'a [u8]> {
        bytes.trim_ascii_start().strip_prefix(text.as_bytes())
    }
    let named = |rest, name: &str| after(rest, &format!("\"{name}\""));
    after(bytes, "{").is_some_and(|rest| {
        REJECTED
            .iter()
            .any(|name| named(rest, name).is_some_and(|rest| after(rest, ":").is_some()))
    })
}

/// A row each line; empty ones do not count.
fn lines(reader: &mut impl BufRead, longest: usize, take: &mut Each<'_>) -> std::io::Result<()> {
    loop {
        let (line, whole, end) = line(reader, longest)?;
        if !line.iter().all(u8::is_ascii_whitespace) {
            let row = if whole {
                Ok(Row::Text(line))
            } else {
                Err((too_long(), shown(&line)))
            };
            if take(row).is_break() {
                return Ok(());
            }
        }
        if end {
            return Ok(());
        }
    }
}

/// Why a row is refused that is too long.
pub(super) fn too_long() -> Error {
    Error::with_message(
        Code::BodyTooLarge,
        format!("the row is longer than {LONGEST} bytes"),
    )
}

fn shown(line: &[u8]) -> Row {
    let start = line.get(..SHOWN).unwrap_or(line);
    Row::Value(format!("{}...", String::from_utf8_lossy(start)).into())
}

/// The next line, whether that is all of it (else its beginning), and whether the file ends with it.
fn line(reader: &mut impl BufRead, longest: usize) -> std::io::Result<(Vec<u8>, bool, bool)> {
    let (mut line, mut whole) = (Vec::new(), true);
    loop {
        let bytes = match reader.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if bytes.is_empty() {
            return Ok((line, whole, true));
        }
        let (part, used, ended) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => (bytes.get(..end).unwrap_or_default(), end + 1, true),
            None => (bytes, bytes.len(), false),
        };
        if line.len() + part.len() > longest {
            whole = false;
            line.truncate(SHOWN);
        } else if whole {
            line.extend_from_slice(part);
        }
        reader.consume(used);
        if ended {
            return Ok((line, whole, false));
        }
    }
}

/// How much was read since the last row, or the last part of what stands around rows; shared by the reader and by who
/// finds them. No part of a file can be longer than a row, so that memory is bounded everywhere.
#[derive(Clone, Debug, Default)]
struct Gauge {
    /// `None` where lines bound themselves.
    since: Rc<Cell<Option<usize>>>,
}

impl Gauge {
    /// A row or another part may begin here.
    fn reset(&self) {
        self.since.set(Some(0));
    }
}

struct Gauged<R> {
    inner: R,
    gauge: Gauge,
}

impl<R: Read> Read for Gauged<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Some(since) = self.gauge.since.get() {
            if since > LONGEST {
                return Err(std::io::Error::other(format!(
                    "a row of it, or another part, is longer than {LONGEST} bytes"
                )));
            }
            self.gauge.since.set(Some(since + count));
        }
        Ok(count)
    }
}

/// The items of one array after the other, as pages of a list that were written behind each other.
fn arrays(
    reader: &mut impl BufRead,
    gauge: &Gauge,
    take: &mut Each<'_>,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    loop {
        let mut ended = false;
        gauge.reset();
        let items = Items {
            gauge,
            take: &mut *take,
            ended: &mut ended,
        };
        let read = items.deserialize(&mut deserializer);
        if ended {
            return Ok(());
        }
        read?;
        if deserializer.end().is_ok() {
            return Ok(());
        }
    }
}

/// The items of an array, each given away as it is read.
struct Items<'a, 'b> {
    gauge: &'a Gauge,
    take: &'a mut Each<'b>,
    /// Set where no more rows are wanted; the reading ends with an error then.
    ended: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.gauge.reset();
        while let Some(item) = items.next_element::<Box<RawValue>>()? {
            self.gauge.reset();
            let text = String::from(Box::<str>::from(item)).into_bytes();
            if (self.take)(Ok(Row::Text(text))).is_break() {
                *self.ended = true;
                return Err(A::Error::custom("no more rows are wanted"));
            }
        }
        self.gauge.reset();
        Ok(())
    }
}

/// The `users` of a realm, or of each of a list of realms.
fn realms(
    reader: &mut impl BufRead,
    gauge: &Gauge,
    source: &Source,
    take: &mut Each<'_>,
) -> Result<(), Failure> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let (mut ended, mut found) = (false, false);
    let realm = Realm {
        gauge,
        take: &mut *take,
        ended: &mut ended,
        found: &mut found,
    };
    let read = realm.deserialize(&mut deserializer);
    if ended {
        return Ok(());
    }
    read.and_then(|()| deserializer.end())
        .map_err(|error| malformed(source, &error))?;
    if found {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} is no export of a Keycloak realm with its users: it has no list `users`",
        source.name()
    )))
}

struct Realm<'a, 'b> {
    gauge: &'a Gauge,
    take: &'a mut Each<'b>,
    ended: &'a mut bool,
    found: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Realm<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Realm<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list `users`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        loop {
            self.gauge.reset();
            let Some(name) = members.next_key::<String>()? else {
                return Ok(());
            };
            self.gauge.reset();
            if name == "users" {
                *self.found = true;
                members.next_value_seed(Items {
                    gauge: self.gauge,
                    take: &mut *self.take,
                    ended: &mut *self.ended,
                })?;
            } else {
                members.next_value_seed(Skip { gauge: self.gauge })?;
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut realms: A) -> Result<(), A::Error> {
        loop {
            self.gauge.reset();
            let realm = Realm {
                gauge: self.gauge,
                take: &mut *self.take,
                ended: &mut *self.ended,
                found: &mut *self.found,
            };
            if realms.next_element_seed(realm)?.is_none() {
                return Ok(());
            }
        }
    }
}

/// What is not looked at, part by part: the deserializer bounds how deep it is nested, which it does not where it skips
/// by itself.
#[derive(Clone, Copy)]
struct Skip<'a> {
    gauge: &'a Gauge,
}

impl<'de> DeserializeSeed<'de> for Skip<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.gauge.reset();
        while items.next_element_seed(self)?.is_some() {
            self.gauge.reset();
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.gauge.reset();
        while members.next_key::<IgnoredAny>()?.is_some() {
            self.gauge.reset();
            members.next_value_seed(self)?;
            self.gauge.reset();
        }
        Ok(())
    }
}

/// A row each record, by the columns of the header.
fn csv(
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

/// Goes along with the bytes of CSV for what the reader of records lets pass: a quote that is not closed, which makes one
/// cell of all that comes behind it, and text behind a quote that ends a cell.
struct Quotes {
    delimiter: u8,
    state: Quote,
    line: u64,
    /// How many bytes have gone by.
    at: u64,
    /// Where text stood behind a closing quote, in records that are not read yet.
    wrong: VecDeque<u64>,
}

#[derive(Clone, Copy)]
enum Quote {
    /// A cell begins here.
    Start,
    /// In a cell without quotes, where they stand for themselves.
    Plain,
    /// In quotes that began in this line.
    Open(u64),
    /// Behind a quote that ends the cell, or is the first of two that stand for one.
    Closed(u64),
}

impl Quotes {
    fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            state: Quote::Start,
            line: 1,
            at: 0,
            wrong: VecDeque::new(),
        }
    }

    fn pass(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (Quote::Open(line), b'"') => Quote::Closed(line),
            (Quote::Open(line), _) | (Quote::Closed(line), b'"') => Quote::Open(line),
            (Quote::Start, b'"') => Quote::Open(self.line),
            (_, b'\n' | b'\r') => Quote::Start,
            (_, byte) if byte == self.delimiter => Quote::Start,
            (Quote::Closed(_), _) => {
                self.wrong.push_back(self.at);
                Quote::Plain
            }
            (Quote::Start | Quote::Plain, _) => Quote::Plain,
        };
        self.at += 1;
        self.line += u64::from(byte == b'\n');
    }

    /// The line where quotes began that are open.
    fn open(&self) -> Option<u64> {
        match self.state {
            Quote::Open(line) => Some(line),
            Quote::Start | Quote::Plain | Quote::Closed(_) => None,
        }
    }

    /// Whether the record that ends here has text behind a closing quote; each record is asked for once, in order.
    fn torn(&mut self, end: u64) -> bool {
        let mut torn = false;
        while self.wrong.pop_front_if(|at| *at < end).is_some() {
            torn = true;
        }
        torn
    }
}

/// A reader whose quotes are minded.
struct Minded<R> {
    inner: R,
    quotes: Rc<RefCell<Quotes>>,
}

impl<R: Read> Read for Minded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut quotes = self.quotes.borrow_mut();
        let unclosed = |line: u64| format!("the quote that begins in line {line} is not closed");
        let count = self
            .inner
            .read(buffer)
            .map_err(|error| match quotes.open() {
                Some(line) => {
                    std::io::Error::new(error.kind(), format!("{error}; {}", unclosed(line)))
                }
                None => error,
            })?;
        if count == 0
            && let Some(line) = quotes.open()
        {
            return Err(std::io::Error::other(unclosed(line)));
        }
        for byte in buffer.iter().take(count) {
            quotes.pass(*byte);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(format: Format, content: &[u8]) -> Result<Vec<Read1>, Failure> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(content).expect("written");
        let source = Source::open(file.path()).expect("is there");
        let mut rows = Vec::new();
        each(
            format,
            b',',
            &source,
            &mut |_| (),
            &mut |_| Ok(()),
            &mut |row| {
                rows.push(row);
                ControlFlow::Continue(())
            },
        )?;
        Ok(rows)
    }

    fn field(row: &Read1) -> Value {
        let (error, _) = row.as_ref().expect_err("is refused");
        error.envelope().details["field"].clone()
    }

    fn texts(format: Format, content: &str) -> Vec<String> {
        read(format, content.as_bytes())
            .expect("is read")
            .into_iter()
            .map(|row| row.expect("is whole").source())
            .collect()
    }

    #[test]
    fn lines_arrays_and_arrays_behind_each_other_are_rows() {
        let two = [r#"{"a":1}"#, r#"{"b":[2]}"#];
        for content in [
            "{\"a\":1}\n\n  \r\n{\"b\":[2]}",
            "\u{feff}{\"a\":1}\r\n{\"b\":[2]}\r\n",
            "[{\"a\":1},\n {\"b\":[2]}]",
            " [{\"a\":1}]\n[]\n[{\"b\":[2]}]\n",
        ] {
            assert_eq!(texts(Format::Ory, content), two, "{content}");
        }
        for nothing in ["", "\n \n", "[]", "[ ]\n"] {
            assert!(texts(Format::Auth0, nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_one_refused_row() {
        let long = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(LONGEST));
        let rows = read(Format::Ory, long.as_bytes()).expect("is read");
        assert_eq!(rows.len(), 2);
        let (error, shown) = rows[0].as_ref().expect_err("is refused");
        assert_eq!(error.code(), Code::BodyTooLarge);
        assert!(shown.size() < 1_000);
        assert!(rows[1].is_ok());
        // In an array nobody knows where the next one begins.
        let long = format!("[\"{}\"]", "x".repeat(2 * LONGEST));
        let failure = read(Format::Ory, long.as_bytes()).expect_err("fails");
        assert!(failure.to_string().contains("longer than"), "{failure}");
    }

    #[test]
    fn the_users_of_realms_are_rows_wherever_they_stand() {
        let realm = r#"{"realm":"a","clients":[{"users":[1]}],"users":[{"u":1},{"u":2}],"x":{}}"#;
        let users = [r#"{"u":1}"#, r#"{"u":2}"#];
        assert_eq!(texts(Format::Keycloak, realm), users);
        let list = format!("[{realm}, {{\"users\": []}}]");
        assert_eq!(texts(Format::Keycloak, &list), users);
        let failure = read(Format::Keycloak, b"{\"realm\":\"a\"}").expect_err("no users");
        assert!(failure.to_string().contains("no list `users`"), "{failure}");
        read(Format::Keycloak, b"{\"users\":[{\"u\":1}").expect_err("ends too early");
    }

    #[test]
    fn records_are_rows_by_column_and_broken_ones_are_refused() {
        let content = b"a,b\n1,\"x, y\nz\"\n1\n\xff,2\n";
        let rows = read(Format::Csv, content).expect("is read");
        assert_eq!(rows.len(), 3);
        let value = |row: &Row| -> Value { serde_json::from_str(&row.source()).expect("JSON") };
        let first = value(rows[0].as_ref().expect("is whole"));
        assert_eq!(first, serde_json::json!({"a": "1", "b": "x, y\nz"}));
        assert_eq!(
            (field(&rows[1]), field(&rows[2])),
            ("row".into(), "a".into())
        );
        // What there is stands by its column, to be corrected there.
        let broken = |row: &Read1| value(&row.as_ref().expect_err("is refused").1);
        assert_eq!(broken(&rows[1]), serde_json::json!({"a": "1"}));
        let rows = read(Format::Csv, b"a,b\n1,2,3,4\n").expect("is read");
        let whole = serde_json::json!({"a": "1", "b": "2", EXCESS: ["3", "4"]});
        assert_eq!(broken(&rows[0]), whole);
        assert!(read(Format::Csv, b"").expect("empty").is_empty());
        let endless = format!("a,b\n1,\"{}", "x".repeat(2 * LONGEST));
        let failure = read(Format::Csv, endless.as_bytes()).expect_err("fails");
        assert!(failure.to_string().contains("longer than"), "{failure}");
    }

    #[test]
    fn a_quote_that_is_not_closed_fails_naming_its_line() {
        let content = b"a,b\n1,\"x\ny\"\nq2,\"Bob\nq3,Cid\nq4,Dan\n";
        let failure = read(Format::Csv, content).expect_err("fails").to_string();
        assert!(failure.contains("line 4 is not closed"), "{failure}");
        let long = format!("a,b\n1,\"{}", "x\n".repeat(LONGEST));
        let failure = read(Format::Csv, long.as_bytes()).expect_err("fails");
        assert!(failure.to_string().contains("line 2 is not"), "{failure}");
    }

    #[test]
    fn text_behind_a_closing_quote_refuses_its_row() {
        let content =
            b"a,b\n1,\"B\"\"ob\"\r\n2,\"Bob\"by\n3,x\"y\"\n4,\"z\"\n5,\"u\nv\"w\n6,\"\"\n";
        let rows = read(Format::Csv, content).expect("is read");
        let refused: Vec<bool> = rows.iter().map(Result::is_err).collect();
        assert_eq!(refused, [false, true, false, false, true, false]);
        assert_eq!(field(&rows[1]), "row");
        // Nothing of it stands by a column as if it were sure.
        let (_, left) = rows[4].as_ref().expect_err("is refused");
        let cells: Value = serde_json::from_str(&left.source()).expect("JSON");
        assert_eq!(cells, serde_json::json!({EXCESS: ["5", "u\nvw"]}));
        read(Format::Csv, b"a,\"b\"c\n1,2\n").expect_err("no header");
    }

    #[test]
    fn cells_beyond_the_header_are_counted_and_few_are_kept() {
        let content = format!("a\n{}\n", vec!["wide"; 100_000].join(","));
        let rows = read(Format::Csv, content.as_bytes()).expect("is read");
        let (error, left) = rows[0].as_ref().expect_err("is refused");
        assert!(error.envelope().message.contains("not 100000"));
        assert!(left.source().len() < 1_000, "{}", left.source().len());
        let Row::Value(cells) = left else {
            panic!("is no row of cells: {left:?}");
        };
        let kept = cells[EXCESS].as_array().expect("a list");
        assert_eq!(kept.len(), EXCESS_CELLS);
        assert!(kept.capacity() < 1_000, "{}", kept.capacity());
        // Where it is not known which column a cell belongs to, none of those is lost that the header has names for.
        let names: Vec<String> = (0..300).map(|n| format!("c{n}")).collect();
        let torn = format!("{}\n\"u\"v{}\n", names.join(","), ",w".repeat(299));
        let rows = read(Format::Csv, torn.as_bytes()).expect("is read");
        let (_, left) = rows[0].as_ref().expect_err("is refused");
        assert_eq!(left.source().matches("\"w\"").count(), 299);
        let listed = Row::Value(serde_json::json!({"a": ["x".repeat(1_000), "y".repeat(1_000)]}));
        assert!(listed.size() > 2_000);
        // A header of many columns is checked in no time.
        let names: Vec<String> = (0..100_000).map(|n| format!("{n:x}")).collect();
        let content = format!("{}\n", names.join(","));
        assert!(
            read(Format::Csv, content.as_bytes())
                .expect("is read")
                .is_empty()
        );
        let twice = format!("a,b,a\n{}", "1,2,3\n");
        let failure = read(Format::Csv, twice.as_bytes()).expect_err("twice");
        assert!(
            failure.to_string().contains("column 1 and column 3"),
            "{failure}"
        );
    }

    #[test]
    fn every_row_that_is_rejected_can_come_back() {
        let begin = "{\"import\":\"1\",\"row\":1,";
        for row in [
            Row::Text("\u{1}".repeat(LONGEST).into_bytes()),
            Row::Text(vec![0xff; LONGEST]),
            Row::Value(serde_json::json!({"\u{1}".repeat(LONGEST): "\u{1}".repeat(LONGEST)})),
        ] {
            let line = format!("{begin}{}}}\n", row.member());
            let read = read(Format::Csv, line.as_bytes()).expect("is read");
            assert!(read[0].is_ok(), "{}", line.len());
        }
    }

    #[test]
    fn what_is_no_utf_8_is_kept_apart_as_it_was() {
        let member = |format, content: &[u8]| {
            let row = read(format, content).expect("is read").remove(0);
            let (Ok(row) | Err((_, row))) = row;
            row.member()
        };
        let encoded = |bytes: &[u8]| format!("\"source_base64\":\"{}\"", BASE64.encode(bytes));
        assert_eq!(
            member(Format::Ory, b"{\"a\":\"M\xfcller\"}\n"),
            encoded(b"{\"a\":\"M\xfcller\"}")
        );
        assert_eq!(
            member(Format::Csv, b"a,b\n\"x, y\",M\xfcller,1\n"),
            encoded(b"\"x, y\",M\xfcller,1\n")
        );
        assert_eq!(member(Format::Ory, b"{\"a\":1}"), "\"source\":{\"a\":1}");
    }

    #[test]
    fn how_a_file_begins_does_not_hang_on_how_much_comes_at_a_time() {
        /// Gives a byte at a time.
        struct Drops<'a>(&'a [u8]);
        impl Read for Drops<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let some = buffer.len().min(1);
                self.0.read(&mut buffer[..some])
            }
        }
        let head = |content: &str| head(&mut Drops(content.as_bytes())).expect("is read");
        let array = head(&format!("\u{feff}{}[{{}}]", " \n".repeat(5_000)));
        assert_eq!((array.first, array.bytes.len()), (Some(b'['), 10_004));
        assert!(head("\n{\"import\":\"1\",\"row\":1}").rejected);
        assert_eq!(head("\u{feff}").first, None);
        assert!(head("\u{1f}x").wrong().is_none());
    }

    #[test]
    fn what_is_no_text_in_utf_8_is_named() {
        for (content, word) in [
            (&b"\xff\xfe{\0"[..], "UTF-16"),
            (&b"\x1f\x8b\x08"[..], "gzip"),
            (&b"PK\x03\x04"[..], "ZIP"),
        ] {
            let failure = read(Format::Ory, content).expect_err(word);
            assert!(failure.to_string().contains(word), "{failure}");
        }
    }

    #[test]
    fn a_csv_file_without_a_name_in_its_header_is_refused() {
        for content in ["\"\"\n1\n", ",,\na@example.test,b,c\n", " , \n1,2\n"] {
            let failure = read(Format::Csv, content.as_bytes()).expect_err(content);
            assert!(failure.to_string().contains("names no column"), "{failure}");
        }
        for nothing in ["", "\n\n"] {
            assert!(
                read(Format::Csv, nothing.as_bytes())
                    .expect("is read")
                    .is_empty()
            );
        }
    }

    #[test]
    fn failures_show_nothing_of_what_stands_in_the_file() {
        for (format, content) in [
            (Format::Csv, "a@example.test,S3cr3t,S3cr3t\n"),
            (Format::Keycloak, "\"S3cr3t\""),
            (Format::Keycloak, "{\"users\": \"S3cr3t\"}"),
            (Format::Keycloak, "{\"users\": [S3cr3t]}"),
            (Format::Ory, "[] \"S3cr3t\""),
            (Format::Auth0, "[{\"a\": S3cr3t}]"),
        ] {
            let failure = read(format, content.as_bytes())
                .expect_err(content)
                .to_string();
            assert!(!failure.contains("S3cr3t"), "{failure}");
        }
    }

    #[test]
    fn no_part_of_a_file_is_longer_than_a_row() {
        let long = "x".repeat(3 * LONGEST);
        for (format, content) in [
            (
                Format::Keycloak,
                format!("{{\"{long}\": 1, \"users\": []}}"),
            ),
            (
                Format::Keycloak,
                format!("{{\"a\": [{{\"{long}\": 1}}], \"users\": []}}"),
            ),
            (
                Format::Keycloak,
                format!("{{\"a\": \"{long}\", \"users\": []}}"),
            ),
            (Format::Keycloak, format!("\"{long}\"")),
            (Format::Ory, format!("[]\"{long}\"")),
            (Format::Csv, format!("{long},b\n1,2\n")),
        ] {
            let failure = read(format, content.as_bytes()).expect_err("is too long");
            assert!(failure.to_string().contains("longer than"), "{failure}");
        }
        let deep = format!("{{\"a\": {}", "[".repeat(3 * LONGEST));
        let failure = read(Format::Keycloak, deep.as_bytes()).expect_err("is too deep");
        assert!(failure.to_string().contains("nested too deep"), "{failure}");
        // Many short parts are as long as they like.
        let many = "{\"k\": [1, \"two\", null, true, 0.5]},".repeat(LONGEST / 16);
        let realm = format!("{{\"clients\": [{many}{{}}], \"users\": [{{\"u\":1}}]}}");
        assert_eq!(texts(Format::Keycloak, &realm), [r#"{"u":1}"#]);
    }

    #[test]
    fn the_source_of_a_rejected_row_is_what_stood_in_the_file() {
        let source = |text: &str| Row::Text(text.as_bytes().to_vec()).source();
        let exact = r#"{ "n": 1.50, "big": 12345678901234567890123, "e": "\u0041" }"#;
        assert_eq!(source(exact), exact);
        assert_eq!(source("{\r\n  \"a\": 1\n}"), "{  \"a\": 1}");
        // What the checks refuse is a text, so that nothing of it is lost.
        let twice = r#"{"a":1,"a":2}"#;
        assert_eq!(source(twice), Value::from(twice).to_string());
        let deep = "[".repeat(65) + &"]".repeat(65);
        assert_eq!(source(&deep), Value::from(deep.as_str()).to_string());
    }

    #[test]
    fn files_of_rejected_rows_are_told_from_others() {
        for text in [
            "{\"import\":\"1f\",\"row\":1",
            "{\"row\": 7, \"code\"",
            "{ \"code\" : \"conflict\"",
        ] {
            assert!(is_rejected(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "{",
            "{\"rows\":1}",
            "[{\"row\":1}]",
            "row,code",
            "{\"row\"",
        ] {
            assert!(!is_rejected(text.as_bytes()), "{text}");
        }
    }
}

//! Tells the rows of a file apart, one at a time: what is read is as large as one row, whatever the file's size.

use std::{
    cell::Cell,
    fmt,
    io::{BufRead, BufReader, Read},
    ops::ControlFlow,
    rc::Rc,
};

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
pub(super) const LONGEST: usize = 1024 * 1024;
/// The longest line of a file of rejected rows: the row may stand there as a text, with escapes, beside the reason.
const LONGEST_REJECTED: usize = 2 * LONGEST + 64 * 1024;
/// How much of a row that is too long is shown with its refusal, in bytes.
const SHOWN: usize = 256;
/// The members that lines of rejected rows begin with: as they are written, or sorted by what corrected them.
const REJECTED: &[&str] = &["import", "row", "code"];
/// The member of a row of CSV for cells that no column of the header is above.
pub(super) const EXCESS: &str = "cells beyond the header";

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
            Self::Value(Value::Object(columns)) => columns
                .iter()
                .map(|(name, value)| name.len() + value.as_str().map_or(8, str::len))
                .sum(),
            Self::Value(_) => 8,
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

/// Looks at how the file begins, and goes past a byte order mark.
fn head(reader: &mut impl BufRead) -> std::io::Result<Head> {
    const BOM: &[u8] = b"\xef\xbb\xbf";
    if reader.fill_buf()?.starts_with(BOM) {
        reader.consume(BOM.len());
    }
    let bytes = reader.fill_buf()?;
    Ok(Head {
        first: bytes
            .iter()
            .copied()
            .find(|byte| !byte.is_ascii_whitespace()),
        rejected: is_rejected(bytes),
        bytes: bytes.get(..bytes.len().min(8)).unwrap_or_default().to_vec(),
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
    let mut records = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(reader);
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
    // Where the header is missing, the first row's cells stand here: they are not for others to see.
    for (index, name) in header.iter().enumerate() {
        if let Some(first) = header.iter().take(index).position(|other| other == name) {
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
        if take(row(&header, &record)).is_break() {
            return Ok(());
        }
    }
    Ok(())
}

fn row(header: &[String], record: &csv::ByteRecord) -> Read1 {
    let text = |cell: &[u8]| Value::from(String::from_utf8_lossy(cell));
    let mut cells: Map<String, Value> = header
        .iter()
        .cloned()
        .zip(record.iter().map(text))
        .collect();
    if record.len() != header.len() {
        let expected = format!(
            "as many columns as the header has: {}, not {}",
            header.len(),
            record.len()
        );
        let excess: Vec<Value> = record.iter().skip(header.len()).map(text).collect();
        if !excess.is_empty() {
            cells.insert(EXCESS.to_owned(), excess.into());
        }
        return Err((Error::field("row", expected), Row::Value(cells.into())));
    }
    for (name, cell) in header.iter().zip(record.iter()) {
        if std::str::from_utf8(cell).is_err() {
            let error = Error::field(name.as_str(), "text in UTF-8");
            return Err((error, Row::Value(cells.into())));
        }
    }
    Ok(Row::Value(cells.into()))
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
        let field = |row: &Read1| {
            let (error, _) = row.as_ref().expect_err("is refused");
            error.envelope().details["field"].clone()
        };
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

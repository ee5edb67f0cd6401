//! Tells the rows of a file apart, one at a time: what is read is as large as one row, whatever the file's size.

use std::{
    cell::Cell,
    fmt,
    io::{BufRead, BufReader, Read},
    ops::ControlFlow,
    rc::Rc,
};

use palisade_envelope::{Code, Error};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value, value::RawValue};

use super::{Format, source::Source};
use crate::Failure;

/// The longest row, in bytes: as long as a request's body may be.
pub(super) const LONGEST: usize = 5 * 1024 * 1024;
/// How much of a row that is too long is shown with its refusal, in bytes.
const SHOWN: usize = 256;
/// How files of rejected rows begin.
pub(super) const REJECTED: &[u8] = b"{\"row\":";

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

    /// As the file of rejected rows shows it.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => serde_json::from_slice(text)
                .unwrap_or_else(|_| String::from_utf8_lossy(text).into_owned().into()),
            Self::Value(value) => value.clone(),
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
    begin: &mut dyn FnMut(bool) -> Result<(), Failure>,
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
    if head.rejected {
        begin(true)?;
        return lines(&mut reader, take).map_err(broken);
    }
    begin(false)?;
    match format {
        Format::Ory | Format::Auth0 if head.first == Some(b'[') => {
            arrays(&mut reader, &gauge, take).map_err(|error| malformed(source, &error))
        }
        Format::Ory | Format::Auth0 => lines(&mut reader, take).map_err(broken),
        Format::Keycloak => realms(&mut reader, &gauge, source, take),
        Format::Csv => csv(reader, delimiter, &gauge, source, columns, take),
    }
}

fn malformed(source: &Source, error: &serde_json::Error) -> Failure {
    Failure::new(format!(
        "{} is not what it should be: {error}; the rows before that are done",
        source.name()
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
        rejected: bytes.starts_with(REJECTED),
        bytes: bytes.get(..bytes.len().min(8)).unwrap_or_default().to_vec(),
    })
}

/// A row each line; empty ones do not count.
fn lines(reader: &mut impl BufRead, take: &mut Each<'_>) -> std::io::Result<()> {
    loop {
        let (line, whole, end) = line(reader)?;
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

fn too_long() -> Error {
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
fn line(reader: &mut impl BufRead) -> std::io::Result<(Vec<u8>, bool, bool)> {
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
        if line.len() + part.len() > LONGEST {
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

/// How much was read since the last row; shared by the reader and by who finds the rows.
#[derive(Clone, Debug, Default)]
struct Gauge {
    /// `None` while no row is being read.
    since: Rc<Cell<Option<usize>>>,
}

impl Gauge {
    /// A row may begin here.
    fn reset(&self) {
        self.since.set(Some(0));
    }

    /// No row is being read.
    fn off(&self) {
        self.since.set(None);
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
                    "a row of it is longer than {LONGEST} bytes"
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
        self.gauge.off();
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
        while let Some(name) = members.next_key::<String>()? {
            if name == "users" {
                *self.found = true;
                members.next_value_seed(Items {
                    gauge: self.gauge,
                    take: &mut *self.take,
                    ended: &mut *self.ended,
                })?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut realms: A) -> Result<(), A::Error> {
        loop {
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

/// A row each record, by the columns of the header.
fn csv(
    reader: impl Read,
    delimiter: u8,
    gauge: &Gauge,
    source: &Source,
    columns: &mut dyn FnMut(&[String]) -> Result<(), Failure>,
    take: &mut Each<'_>,
) -> Result<(), Failure> {
    let broken = |error: csv::Error| {
        Failure::new(format!(
            "{} is not what it should be: {error}; the rows before that are done",
            source.name()
        ))
    };
    gauge.reset();
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
    if header.iter().all(String::is_empty) {
        return Ok(());
    }
    let mut seen = std::collections::BTreeSet::new();
    if let Some(twice) = header.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(Failure::new(format!(
            "{} has the column `{twice}` twice",
            source.name()
        )));
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
    let texts = record
        .iter()
        .map(|cell| String::from_utf8_lossy(cell).into_owned());
    let as_list = || Row::Value(texts.clone().map(Value::from).collect());
    if record.len() != header.len() {
        let expected = format!(
            "as many columns as the header has: {}, not {}",
            header.len(),
            record.len()
        );
        return Err((Error::field("row", expected), as_list()));
    }
    for (name, cell) in header.iter().zip(record.iter()) {
        if std::str::from_utf8(cell).is_err() {
            return Err((Error::field(name.as_str(), "text in UTF-8"), as_list()));
        }
    }
    let cells = header.iter().cloned().zip(texts.clone().map(Value::from));
    Ok(Row::Value(Value::Object(cells.collect::<Map<_, _>>())))
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
            &mut |_| Ok(()),
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
            .map(|row| row.expect("is whole").to_value().to_string())
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
        let first = rows[0].as_ref().expect("is whole").to_value();
        assert_eq!(first, serde_json::json!({"a": "1", "b": "x, y\nz"}));
        let field = |row: &Read1| {
            let (error, _) = row.as_ref().expect_err("is refused");
            error.envelope().details["field"].clone()
        };
        assert_eq!(
            (field(&rows[1]), field(&rows[2])),
            ("row".into(), "a".into())
        );
        read(Format::Csv, b"a,a\n1,2\n").expect_err("twice");
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
}

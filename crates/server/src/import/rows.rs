//! Tells the rows of a file apart, one at a time: what is read is as large as one row, whatever the file's size.

mod documents;
mod quotes;
mod records;
#[cfg(test)]
mod tests;

use std::{
    cell::Cell,
    io::{BufRead, BufReader, Cursor, Read},
    ops::ControlFlow,
    rc::Rc,
};

use data_encoding::BASE64;
use palisade_envelope::{Code, Error};
use palisade_identity::json;
use serde_json::{Value, error::Category};

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
            documents::arrays(&mut reader, &gauge, take).map_err(|error| malformed(source, &error))
        }
        Format::Ory | Format::Auth0 => lines(&mut reader, LONGEST, take).map_err(broken),
        Format::Keycloak => {
            gauge.reset();
            documents::realms(&mut reader, &gauge, source, take)
        }
        Format::Csv => {
            gauge.reset();
            records::csv(reader, delimiter, &gauge, source, columns, take)
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

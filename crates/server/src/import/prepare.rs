//! The thread that reads: rows become first states of identities, a batch while the one before it is written.

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
    thread::JoinHandle,
};

use data_encoding::BASE64;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use palisade_envelope::{Code, Error, Result};
use palisade_http::HashPool;
use palisade_identity::{
    IdentityId, IdentitySchema,
    change::{self, Changed, ImportIdentity},
    decode,
};
use palisade_store::Store;
use palisade_tenancy::{Caller, Clock as _, SystemClock};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    Format, auth0, csv, keycloak,
    mapping::Mapping,
    rows::{self, Row},
    source::Source,
};
use crate::Failure;

/// The most rows of a batch: what statements of a few sizes are made for, and little enough to have three of in memory.
const ROWS: usize = 512;
/// The most of them in bytes: one that is as long as a row may be is a batch by itself, before the next one is understood.
const BYTES: usize = rows::LONGEST;
/// The most plain passwords of a batch: each takes some 20 ms.
const PASSWORDS: usize = 64;
/// How many of them are hashed at a time.
const HASHES: usize = 2;

/// How many schemas that are not there are remembered, so that a row each does not ask for the same again.
const UNKNOWN: usize = 1_000;
/// What stands for the hash of a plain password in a rehearsal, where nothing is kept.
const NO_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A row on its way.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    pub(super) row: Row,
    /// The identity, or why there is none.
    pub(super) made: Result<Changed>,
}

/// Rows that go together.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) rows: Vec<Prepared>,
    /// How much of the file was read with them, in bytes.
    pub(super) read: u64,
}

/// Makes identities of rows.
#[derive(Clone)]
pub(super) struct Maker {
    pub(super) format: Format,
    pub(super) schema: Option<String>,
    pub(super) keep_ids: bool,
    pub(super) store: Store,
    pub(super) caller: Arc<Caller>,
    /// `None` in a rehearsal, where passwords are not hashed.
    pub(super) hashing: Option<Arc<HashPool>>,
    pub(super) runtime: Handle,
}

/// The batches that the thread makes.
pub(super) struct Batches {
    receiver: mpsc::Receiver<Result<Batch, Failure>>,
    thread: Option<JoinHandle<()>>,
}

impl Batches {
    /// Starts the thread: rows behind the first `skip` in batches, or why it can't go on.
    pub(super) fn start(
        maker: Maker,
        mapping: Mapping,
        source: Source,
        skip: u64,
    ) -> Result<Self, Failure> {
        Self::of(move |batches| {
            let reading = Reading {
                maker,
                mapping,
                source,
                skip,
                number: 0,
                wrapped: false,
                waiting: Vec::new(),
                bytes: 0,
                passwords: 0,
                unknown: HashSet::new(),
                failed: None,
            };
            reading.run(batches)
        })
    }

    fn of(
        run: impl FnOnce(&Sender) -> Result<(), Failure> + Send + 'static,
    ) -> Result<Self, Failure> {
        // One batch waits while one is written and one is made: what is in memory does not grow with the file.
        let (batches, receiver) = mpsc::channel(1);
        let thread = std::thread::Builder::new()
            .name("import".to_owned())
            .spawn(move || {
                if let Err(failure) = run(&batches) {
                    // Who gave up does not want it.
                    let _ = batches.blocking_send(Err(failure));
                }
            })
            .map_err(|error| Failure::new(format!("a thread can't be started: {error}")))?;
        Ok(Self {
            receiver,
            thread: Some(thread),
        })
    }

    /// The next batch; `None` where the file has ended, and nowhere else.
    pub(super) async fn next(&mut self) -> Result<Option<Batch>, Failure> {
        if let Some(batch) = self.receiver.recv().await {
            return batch.map(Some);
        }
        // Nothing comes any more: the thread is at its end. One that panicked has not read the whole file.
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(_)) => Err(Failure::new(
                "the thread that reads the file has failed; this is a fault of the program",
            )),
            Some(Ok(())) | None => Ok(None),
        }
    }
}

type Sender = mpsc::Sender<Result<Batch, Failure>>;
type Understood = (u64, Row, Result<ImportIdentity>);

struct Reading {
    maker: Maker,
    mapping: Mapping,
    source: Source,
    skip: u64,
    number: u64,
    /// Whether rows are wrapped as the file of rejected rows has them.
    wrapped: bool,
    waiting: Vec<Understood>,
    bytes: usize,
    passwords: usize,
    /// Schemas that the tenant does not have.
    unknown: HashSet<String>,
    failed: Option<Failure>,
}

impl Reading {
    fn run(mut self, batches: &Sender) -> Result<(), Failure> {
        let source = self.source.clone();
        let (format, delimiter) = (self.maker.format, self.mapping.delimiter());
        let mapping = std::cell::RefCell::new(std::mem::take(&mut self.mapping));
        let wrapped = std::cell::Cell::new(false);
        rows::each(
            format,
            delimiter,
            &source,
            &mut |rejected| wrapped.set(rejected),
            &mut |columns| mapping.borrow_mut().of_columns(columns),
            &mut |row| {
                self.wrapped = wrapped.get();
                self.take(row, &mapping.borrow(), batches)
            },
        )?;
        if let Some(failure) = self.failed.take() {
            return Err(failure);
        }
        source.check_unchanged()?;
        let _ = self.send(batches);
        self.failed.take().map_or(Ok(()), Err)
    }

    fn take(&mut self, row: rows::Read1, mapping: &Mapping, batches: &Sender) -> ControlFlow<()> {
        self.number += 1;
        if self.number <= self.skip {
            return ControlFlow::Continue(());
        }
        let row = match row {
            Ok(row) if self.wrapped => unwrapped(row),
            row => row,
        };
        let (Ok(stands) | Err((_, stands))) = &row;
        let size = stands.size();
        if self.bytes + size > BYTES {
            self.send(batches)?;
        }
        let (row, read) = match row {
            Ok(row) => {
                // As JSON, a row of CSV is longer than it was.
                let longest = match self.maker.format {
                    Format::Csv => rows::LONGEST_REJECTED,
                    Format::Ory | Format::Keycloak | Format::Auth0 => rows::LONGEST,
                };
                let read = if size > longest {
                    Err(rows::too_long())
                } else {
                    self.maker.understand(&row, mapping)
                };
                (row, read)
            }
            Err((error, row)) => (row, Err(error)),
        };
        self.bytes += size;
        let plain = |read: &ImportIdentity| read.create.credentials.plain_password().is_some();
        self.passwords += usize::from(read.as_ref().is_ok_and(plain));
        self.waiting.push((self.number, row, read));
        if self.waiting.len() >= ROWS || self.bytes >= BYTES || self.passwords >= PASSWORDS {
            self.send(batches)
        } else {
            ControlFlow::Continue(())
        }
    }

    fn send(&mut self, batches: &Sender) -> ControlFlow<()> {
        if self.waiting.is_empty() {
            return ControlFlow::Continue(());
        }
        (self.bytes, self.passwords) = (0, 0);
        let rows = match self
            .maker
            .make(std::mem::take(&mut self.waiting), &mut self.unknown)
        {
            Ok(rows) => rows,
            Err(error) => {
                self.failed = Some(error.into());
                return ControlFlow::Break(());
            }
        };
        let read = self.source.read.load(Ordering::Relaxed);
        match batches.blocking_send(Ok(Batch { rows, read })) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// What a line of rejected rows has of the row.
#[derive(Deserialize)]
struct Rejected {
    source: Option<Box<RawValue>>,
    source_base64: Option<Value>,
}

/// The row that a line of rejected rows is about, as it stands there: it is checked as rows of other files are.
fn unwrapped(row: Row) -> rows::Read1 {
    let Row::Text(text) = &row else {
        return Ok(row);
    };
    let Ok(rejected) = serde_json::from_slice::<Rejected>(text) else {
        return Ok(row);
    };
    let Some(source) = rejected.source else {
        let expected = match rejected.source_base64 {
            Some(_) => "the row, corrected: what it was, in `source_base64`, is not UTF-8",
            None => "the row, corrected",
        };
        let was = rejected.source_base64.as_ref().and_then(Value::as_str);
        let was = was.and_then(|was| BASE64.decode(was.as_bytes()).ok());
        return Err((Error::field("source", expected), was.map_or(row, Row::Text)));
    };
    // What could not be read stands there as text, and may have been corrected in it.
    Ok(match serde_json::from_str::<String>(source.get()) {
        Ok(text) => Row::Text(text.into_bytes()),
        Err(_) => Row::Text(String::from(Box::<str>::from(source)).into_bytes()),
    })
}

impl Maker {
    /// What the row says.
    fn understand(&self, row: &Row, mapping: &Mapping) -> Result<ImportIdentity> {
        let mut read = match (self.format, row) {
            (Format::Ory, Row::Text(text)) => {
                decode::imported(text).and_then(|read| mapping.named(read))
            }
            (Format::Csv, Row::Text(text)) => {
                csv::rejected(text).and_then(|row| self.record(&row, mapping))
            }
            (_, Row::Text(text)) => {
                palisade_identity::json::parse(text).and_then(|row| self.record(&row, mapping))
            }
            (_, Row::Value(value)) => self.record(value, mapping),
        }
        .map_err(of_row)?;
        if let Some(schema) = &self.schema {
            read.create.schema_id = Some(schema.clone());
        }
        Ok(read)
    }

    fn record(&self, value: &Value, mapping: &Mapping) -> Result<ImportIdentity> {
        match self.format {
            Format::Ory => return decode::imported_value(value.clone()),
            Format::Keycloak => keycloak::record(value, mapping)?,
            Format::Auth0 => auth0::record(value, mapping)?,
            Format::Csv => csv::record(value, mapping)?,
        }
        .finish()
    }

    /// The first states of identities: passwords hashed, traits checked.
    ///
    /// # Errors
    /// When the database can't answer, or there is no randomness.
    fn make(&self, rows: Vec<Understood>, unknown: &mut HashSet<String>) -> Result<Vec<Prepared>> {
        let rows = self.hashed(rows)?;
        let schemas = self.schemas(&rows, unknown)?;
        let now = SystemClock.now();
        // All of one millisecond: sorted, so that they are listed in the order of the rows.
        let mut ids: Vec<_> = rows.iter().map(|_| IdentityId::generate(now)).collect();
        ids.sort_unstable();
        let prepared = rows.into_iter().zip(ids).map(|((number, row, read), id)| {
            let made = read.and_then(|read| {
                let id = read.id.filter(|_| self.keep_ids).unwrap_or(id);
                match schemas.get(read.create.schema_id()).cloned() {
                    Some(schema) => change::import(read, &schema, id, now),
                    None => Err(IdentitySchema::unknown(read.create.schema_id())),
                }
            });
            Prepared { number, row, made }
        });
        Ok(prepared.collect())
    }

    /// The schemas that the rows name and the tenant has.
    fn schemas(
        &self,
        rows: &[Understood],
        unknown: &mut HashSet<String>,
    ) -> Result<HashMap<String, Arc<IdentitySchema>>> {
        let mut schemas = HashMap::new();
        for (_, _, read) in rows {
            let Ok(read) = read else { continue };
            let id = read.create.schema_id();
            if schemas.contains_key(id) || unknown.contains(id) {
                continue;
            }
            let schema = self.store.identity_schema(self.caller.scope(), id);
            let found = match self.runtime.block_on(schema) {
                // An id that no schema can have: the row's own fault.
                Err(error) if error.code().status() < 500 => None,
                found => found?,
            };
            match found {
                Some(schema) => {
                    schemas.insert(id.to_owned(), schema);
                }
                None => {
                    if unknown.len() >= UNKNOWN {
                        unknown.clear();
                    }
                    unknown.insert(id.to_owned());
                }
            }
        }
        Ok(schemas)
    }

    /// Plain passwords become hashes; one that can't be refuses its row.
    fn hashed(&self, rows: Vec<Understood>) -> Result<Vec<Understood>> {
        let plain = |read: &ImportIdentity| read.create.credentials.plain_password().is_some();
        if !rows
            .iter()
            .any(|(_, _, read)| read.as_ref().is_ok_and(plain))
        {
            return Ok(rows);
        }
        let hashing = stream::iter(rows)
            .map(|(number, row, read)| async move {
                let read = match read {
                    Ok(read) => match self.hash(read).await {
                        Err(error) if error.code().status() >= 500 => return Err(error),
                        hashed => hashed,
                    },
                    refused => refused,
                };
                Ok((number, row, read))
            })
            .buffered(HASHES)
            .try_collect();
        self.runtime.block_on(hashing)
    }

    async fn hash(&self, mut read: ImportIdentity) -> Result<ImportIdentity> {
        if let Some(plain) = read.create.credentials.plain_password().cloned() {
            let hash = match &self.hashing {
                Some(hashing) => hashing.argon2id(plain).await?,
                None => NO_HASH.to_owned(),
            };
            read.create.credentials.set_password_hash(hash);
        }
        Ok(read)
    }
}

/// The words for a request's body are of a row here.
fn of_row(error: Error) -> Error {
    if error.code() != Code::InvalidJson {
        return error;
    }
    let message = error
        .envelope()
        .message
        .replace("the request body", "the row");
    error.reworded(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_panics_is_no_end_of_the_file() {
        let mut batches = Batches::of(|batches| {
            let (rows, read) = (Vec::new(), 7);
            let sent = batches.blocking_send(Ok(Batch { rows, read }));
            sent.expect("is taken");
            panic!("as a decoder might");
        })
        .expect("starts");
        let first = batches.next().await.expect("no failure").expect("a batch");
        assert_eq!(first.read, 7);
        batches.next().await.expect_err("has failed");

        let mut batches = Batches::of(|_| Ok(())).expect("starts");
        assert!(batches.next().await.expect("no failure").is_none());
        let mut batches = Batches::of(|_| Err(Failure::new("why"))).expect("starts");
        let failure = batches.next().await.expect_err("has failed");
        assert_eq!(failure.to_string(), "why");
    }

    #[test]
    fn the_source_of_a_rejected_row_is_taken_as_it_stands_there() {
        let read = |line: &str| unwrapped(Row::Text(line.as_bytes().to_vec()));
        let source = |line: &str| read(line).expect("has a source").source();
        let line = r#"{"import":"1","row":1,"source":{"n":1.50,"big":12345678901234567890123}}"#;
        assert_eq!(source(line), r#"{"n":1.50,"big":12345678901234567890123}"#);
        // The checks of rows are made of it: a member twice is found.
        let Ok(Row::Text(text)) = read(r#"{"row":1,"source":{"a":1,"a":2}}"#) else {
            panic!("is read already");
        };
        palisade_identity::json::parse(&text).expect_err("twice");
        let text = r#"{"row":1,"source":"{\"a\":1}"}"#;
        assert_eq!(source(text), r#"{"a":1}"#, "corrected in the text");
        let other = "{\"row\":1";
        assert_eq!(source(other), Value::from(other).to_string());
        // What was no UTF-8 is refused as it was until its correction stands beside it.
        let was = r#"{"row":1,"source_base64":"eyJhIjoi/CJ9"}"#;
        let (error, row) = read(was).expect_err("is not corrected");
        assert_eq!(error.envelope().details["field"], "source");
        assert_eq!(row.member(), r#""source_base64":"eyJhIjoi/CJ9""#);
        let corrected = r#"{"row":1,"source_base64":"eyJhIjoi/CJ9","source":{"a":"ü"}}"#;
        assert_eq!(source(corrected), r#"{"a":"ü"}"#);
        for (nothing, says) in [
            (r#"{"row":1}"#, false),
            (r#"{"row":1,"source_base64":7}"#, true),
        ] {
            let (error, _) = read(nothing).expect_err("has no row");
            let message = &error.envelope().message;
            assert_eq!(message.contains("source_base64"), says, "{message}");
        }
    }

    #[test]
    fn what_stands_for_a_hash_in_a_rehearsal_is_one() {
        palisade_identity::credential::hash::Hash::parse(NO_HASH).expect("is one");
    }
}

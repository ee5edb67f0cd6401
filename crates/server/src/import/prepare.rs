//! The thread that reads: rows become first states of identities, a batch while the one before it is written.

use std::{
    collections::HashMap,
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
};

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
use serde_json::Value;
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
/// The most of them in bytes, but for one row that is longer by itself.
const BYTES: usize = 2 * 1024 * 1024;
/// The most plain passwords of a batch: each takes some 20 ms.
const PASSWORDS: usize = 64;
/// How many of them are hashed at a time.
const HASHES: usize = 2;

/// A row on its way.
pub(super) struct Prepared {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    pub(super) row: Row,
    /// The identity, or why there is none.
    pub(super) made: Result<Changed>,
}

/// Rows that go together.
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
    pub(super) hashing: Arc<HashPool>,
    pub(super) runtime: Handle,
}

/// Starts the thread: rows behind the first `skip` in batches, or why it can't go on.
pub(super) fn start(
    maker: Maker,
    mapping: Mapping,
    source: Source,
    skip: u64,
) -> Result<mpsc::Receiver<Result<Batch, Failure>>, Failure> {
    // One batch waits while one is written and one is made: what is in memory does not grow with the file.
    let (batches, receiver) = mpsc::channel(1);
    std::thread::Builder::new()
        .name("import".to_owned())
        .spawn(move || {
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
                failed: None,
            };
            if let Err(failure) = reading.run(&batches) {
                // Who gave up does not want it.
                let _ = batches.blocking_send(Err(failure));
            }
        })
        .map_err(|error| Failure::new(format!("a thread can't be started: {error}")))?;
    Ok(receiver)
}

type Batches = mpsc::Sender<Result<Batch, Failure>>;
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
    failed: Option<Failure>,
}

impl Reading {
    fn run(mut self, batches: &Batches) -> Result<(), Failure> {
        let source = self.source.clone();
        let (format, delimiter) = (self.maker.format, self.mapping.delimiter());
        let mapping = std::cell::RefCell::new(std::mem::take(&mut self.mapping));
        let wrapped = std::cell::Cell::new(false);
        rows::each(
            format,
            delimiter,
            &source,
            &mut |rejected| {
                wrapped.set(rejected);
                Ok(())
            },
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

    fn take(&mut self, row: rows::Read1, mapping: &Mapping, batches: &Batches) -> ControlFlow<()> {
        self.number += 1;
        if self.number <= self.skip {
            return ControlFlow::Continue(());
        }
        let (row, read) = match row {
            Ok(row) => {
                let row = if self.wrapped { unwrapped(row) } else { row };
                let read = self.maker.understand(&row, mapping);
                (row, read)
            }
            Err((error, row)) => (row, Err(error)),
        };
        self.bytes += row.size();
        let plain = |read: &ImportIdentity| read.create.credentials.plain_password().is_some();
        self.passwords += usize::from(read.as_ref().is_ok_and(plain));
        self.waiting.push((self.number, row, read));
        if self.waiting.len() >= ROWS || self.bytes >= BYTES || self.passwords >= PASSWORDS {
            self.send(batches)
        } else {
            ControlFlow::Continue(())
        }
    }

    fn send(&mut self, batches: &Batches) -> ControlFlow<()> {
        if self.waiting.is_empty() {
            return ControlFlow::Continue(());
        }
        (self.bytes, self.passwords) = (0, 0);
        let rows = match self.maker.make(std::mem::take(&mut self.waiting)) {
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

/// The row that a line of rejected rows is about.
fn unwrapped(row: Row) -> Row {
    let Row::Text(text) = &row else {
        return row;
    };
    let source = serde_json::from_slice::<Value>(text)
        .ok()
        .and_then(|mut line| line.get_mut("source").map(Value::take));
    match source {
        // What could not be read stands there as text, and may have been corrected in it.
        Some(Value::String(text)) => Row::Text(text.into_bytes()),
        Some(value) => Row::Value(value),
        None => row,
    }
}

impl Maker {
    /// What the row says.
    fn understand(&self, row: &Row, mapping: &Mapping) -> Result<ImportIdentity> {
        let mut read = match (self.format, row) {
            (Format::Ory, Row::Text(text)) => decode::imported(text),
            (Format::Ory, Row::Value(value)) => decode::imported_value(value.clone()),
            (_, Row::Text(text)) => self.record(&palisade_identity::json::parse(text)?, mapping),
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
            Format::Keycloak => keycloak::record(value, mapping)?,
            Format::Auth0 => auth0::record(value, mapping)?,
            Format::Csv | Format::Ory => csv::record(value, mapping)?,
        }
        .finish()
    }

    /// The first states of identities: passwords hashed, traits checked.
    ///
    /// # Errors
    /// When the database can't answer, or there is no randomness.
    fn make(&self, rows: Vec<Understood>) -> Result<Vec<Prepared>> {
        let rows = self.hashed(rows)?;
        let mut schemas: HashMap<String, Option<Arc<IdentitySchema>>> = HashMap::new();
        for (_, _, read) in &rows {
            let Ok(read) = read else { continue };
            let id = read.create.schema_id();
            if !schemas.contains_key(id) {
                let schema = self.store.identity_schema(self.caller.scope(), id);
                schemas.insert(id.to_owned(), self.runtime.block_on(schema)?);
            }
        }
        let now = SystemClock.now();
        // All of one millisecond: sorted, so that they are listed in the order of the rows.
        let mut ids: Vec<_> = rows.iter().map(|_| IdentityId::generate(now)).collect();
        ids.sort_unstable();
        let prepared = rows.into_iter().zip(ids).map(|((number, row, read), id)| {
            let made = read.and_then(|read| {
                let id = read.id.filter(|_| self.keep_ids).unwrap_or(id);
                match schemas.get(read.create.schema_id()).cloned().flatten() {
                    Some(schema) => change::import(read, &schema, id, now),
                    None => Err(IdentitySchema::unknown(read.create.schema_id())),
                }
            });
            Prepared { number, row, made }
        });
        Ok(prepared.collect())
    }

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
                let Ok(mut read) = read else {
                    return Ok((number, row, read));
                };
                if let Some(plain) = read.create.credentials.plain_password().cloned() {
                    let hash = self.hashing.argon2id(plain).await?;
                    read.create.credentials.set_password_hash(hash);
                }
                Ok::<_, Error>((number, row, Ok(read)))
            })
            .buffered(HASHES)
            .try_collect();
        self.runtime.block_on(hashing)
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

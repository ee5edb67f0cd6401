//! Writes the batches, one after the other.

use std::sync::{Arc, Mutex, PoisonError};

use palisade_authz::{
    Own,
    action::{BatchIdentities, CreateIdentity},
};
use palisade_envelope::{Code, Error};
use palisade_http::HashPool;
use palisade_identity::change::Changed;
use palisade_store::{
    BatchItem, Decides as _, ImportProgress, ImportRequest, ImportStep, KnownProviders, Rehearsal,
};
use tokio::runtime::Handle;

use super::{
    Options, fingerprint,
    journal::{self, BatchRows, RejectedFile, Slot},
    mapping::Mapping,
    prepare::{self, Maker, Prepared},
    progress::Progress,
    report::{Counts, Report},
    source::Source,
};
use crate::{Failure, holder::KeyHolder, output};

/// Imports what is not done yet.
pub(super) async fn import(
    options: &Options,
    mapping: Mapping,
    holder: &KeyHolder,
) -> Result<(), Failure> {
    let source = Source::open(&options.file)?;
    // Before the file is read: who may not is told so at once.
    let grant = holder.decide::<BatchIdentities>(Own).await?;
    holder.decide::<CreateIdentity>(Own).await?;
    let fingerprint = fingerprint::of(options, mapping.text.as_bytes(), &source)?;
    let known = match fingerprint {
        Some(fingerprint) => holder.node.store.find_import(&grant, fingerprint).await?,
        None => None,
    };
    if let Some(finished) = known
        .as_ref()
        .filter(|known| known.finished_at.is_some() && !options.again)
    {
        return told_finished(options, &source, finished);
    }
    let path = journal::path(options, &source)?;
    let path_text = path
        .to_str()
        .ok_or_else(|| Failure::new("the path of the file of rejected rows is not UTF-8"))?
        .to_owned();
    // One that goes on must go on in its own file.
    if let Some(known) = known.as_ref().filter(|known| known.finished_at.is_none())
        && known.rejected_file != path_text
    {
        return Err(Failure::new(format!(
            "this import began with `{}` as its file of rejected rows: name it with `--rejected`",
            known.rejected_file
        )));
    }
    let own = known
        .as_ref()
        .is_some_and(|known| known.rejected_file == path_text);
    let file = Arc::new(RejectedFile::open(&path, !own)?);
    let begun = match fingerprint {
        Some(fingerprint) => {
            let request = ImportRequest {
                fingerprint,
                rejected_file: path_text.clone(),
                again: options.again,
            };
            Some(holder.node.store.begin_import(grant, request).await?)
        }
        None => {
            output::remark("stdin can't be read again: this import can't go on where it is ended");
            None
        }
    };
    let (mut counts, length) = begun.as_ref().map_or_else(Default::default, so_far);
    if counts.before > 0 {
        output::remark(format_args!(
            "going on with an import: {} rows of {} are done",
            counts.before,
            source.name()
        ));
    }
    file.go_on_at(length)?;
    let mut writing = Writing {
        holder,
        fingerprint,
        file: Arc::clone(&file),
        counts: &mut counts,
    };
    let progress = writing.all(options, mapping, &source).await?;
    if let Some(fingerprint) = fingerprint {
        let grant = holder.decide::<BatchIdentities>(Own).await?;
        let store = &holder.node.store;
        store.finish_import(grant, fingerprint, counts.rows).await?;
    }
    drop(file);
    counts.tell(options, &source, &progress, Some(&path_text))
}

/// What runs before this one came to, and how long their file of rejected rows is.
fn so_far(known: &ImportProgress) -> (Counts, u64) {
    let counts = Counts {
        rows: known.rows_done,
        created: known.created,
        rejected: known.rejected,
        already_there: known.conflicts,
        before: known.rows_done,
    };
    (counts, known.rejected_bytes)
}

fn told_finished(
    options: &Options,
    source: &Source,
    finished: &ImportProgress,
) -> Result<(), Failure> {
    output::remark(format_args!(
        "this import of {} is finished already; `--again` begins it anew",
        source.name()
    ));
    let (counts, _) = so_far(finished);
    let rejected = finished.rejected_file.as_str();
    counts.tell(options, source, &Progress::start(None), Some(rejected))
}

struct Writing<'a> {
    holder: &'a KeyHolder,
    fingerprint: Option<[u8; 32]>,
    file: Arc<RejectedFile>,
    counts: &'a mut Counts,
}

impl Writing<'_> {
    async fn all(
        &mut self,
        options: &Options,
        mapping: Mapping,
        source: &Source,
    ) -> Result<Progress, Failure> {
        let maker = maker(options, self.holder).await?;
        let skip = self.counts.rows;
        let mut batches = prepare::start(maker, mapping, source.clone(), skip)?;
        let mut progress = Progress::start(source.length);
        while let Some(batch) = batches.recv().await {
            let done = match batch {
                Ok(batch) => {
                    let (rows, read) = (count(batch.rows.len()), batch.read);
                    self.batch(batch.rows).await.map(|()| (rows, read))
                }
                Err(failure) => Err(failure),
            };
            match done {
                Ok((rows, read)) => progress.advance(rows, read),
                Err(failure) => {
                    progress.end();
                    return Err(match (self.counts.rows, self.fingerprint) {
                        (0, _) => failure,
                        (rows, None) => Failure::new(format!("{failure}; {rows} rows are done")),
                        (rows, Some(_)) => Failure::new(format!(
                            "{failure}; {rows} rows are done, and the same command goes on behind them"
                        )),
                    });
                }
            }
        }
        progress.end();
        Ok(progress)
    }

    /// Writes the rows; where the database refuses all of them for one, it is found by halving them.
    async fn batch(&mut self, rows: Vec<Prepared>) -> Result<(), Failure> {
        let mut left = vec![rows];
        while let Some(rows) = left.pop() {
            let error = match self.step(rows).await? {
                Ok(()) => continue,
                Err(refused) => refused,
            };
            let Refused { error, mut rows } = error;
            if rows.len() == 1 {
                for row in &mut rows {
                    row.made = Err(Error::with_message(
                        error.code(),
                        error.envelope().message.clone(),
                    ));
                }
                left.push(rows);
                continue;
            }
            let second = rows.split_off(rows.len() / 2);
            left.push(second);
            left.push(rows);
        }
        Ok(())
    }

    /// One transaction. The inner error is one of the rows.
    async fn step(&mut self, rows: Vec<Prepared>) -> Result<Result<(), Refused>, Failure> {
        let total = count(rows.len());
        let Ready {
            slots,
            items,
            copies,
        } = items(self.holder, rows, true).await?;
        let batch = Arc::new(BatchRows {
            slots,
            file: Arc::clone(&self.file),
            count: Mutex::default(),
        });
        let step = ImportStep {
            fingerprint: self.fingerprint,
            rows_before: self.counts.rows,
            rows: total,
            rejected: Arc::clone(&batch) as Arc<_>,
        };
        let grant = self.holder.decide::<BatchIdentities>(Own).await?;
        let create = self.holder.decide::<CreateIdentity>(Own).await?;
        let store = &self.holder.node.store;
        match store.import_identities(grant, create, items, step).await {
            Ok(_) => {
                let rejected = *batch.count.lock().unwrap_or_else(PoisonError::into_inner);
                self.file.commit(rejected.bytes);
                self.counts.rows += total;
                self.counts.created += total.saturating_sub(rejected.rows);
                self.counts.rejected += rejected.rows;
                self.counts.already_there += rejected.conflicts;
                Ok(Ok(()))
            }
            Err(error) if is_of_rows(&error) && !copies.is_empty() => {
                let batch = Arc::try_unwrap(batch)
                    .map_err(|_| Failure::new("a batch that was refused is still being written"))?;
                let mut copies = copies.into_iter();
                let rows = batch.slots.into_iter().map(|slot| Prepared {
                    number: slot.number,
                    row: slot.row,
                    made: match slot.refused {
                        Some(error) => Err(error),
                        None => copies
                            .next()
                            .ok_or_else(|| Error::internal("a batch has fewer states than rows")),
                    },
                });
                Ok(Err(Refused {
                    error,
                    rows: rows.collect(),
                }))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A batch as the store takes it.
struct Ready {
    /// All rows.
    slots: Vec<Slot>,
    /// Of those that are not refused yet.
    items: Vec<BatchItem>,
    /// The states in the items, to do parts of the batch again.
    copies: Vec<Changed>,
}

/// The items of a batch with the grants for their links.
async fn items(holder: &KeyHolder, rows: Vec<Prepared>, again: bool) -> Result<Ready, Failure> {
    let made = rows.iter().filter_map(|row| row.made.as_ref().ok());
    let caller = holder.caller().await?;
    let store = &holder.node.store;
    let providers = KnownProviders::of(store, caller.scope(), made).await?;
    let mut ready = Ready {
        slots: Vec::with_capacity(rows.len()),
        items: Vec::with_capacity(rows.len()),
        copies: Vec::new(),
    };
    for Prepared { number, row, made } in rows {
        let refused = match made {
            Err(error) => Some(error),
            Ok(changed) => match providers.grants(holder, &changed).await {
                Ok(imports) => {
                    if again {
                        ready.copies.push(changed.clone());
                    }
                    let changed = Box::new(changed);
                    ready.items.push(BatchItem::Create { changed, imports });
                    None
                }
                Err(error) if error.code() == Code::Forbidden => Some(error),
                Err(error) => return Err(error.into()),
            },
        };
        ready.slots.push(Slot {
            number,
            row,
            refused,
        });
    }
    Ok(ready)
}

/// Rows that were refused together, as they were before.
struct Refused {
    error: Error,
    rows: Vec<Prepared>,
}

/// Whether an error can be one row's own, so that the others may go in without it.
fn is_of_rows(error: &Error) -> bool {
    error.code().status() < 500 && !matches!(error.code(), Code::StaleResource | Code::Forbidden)
}

async fn maker(options: &Options, holder: &KeyHolder) -> Result<Maker, Failure> {
    Ok(Maker {
        format: options.format,
        schema: options.schema.clone(),
        keep_ids: options.keep_ids,
        store: holder.node.store.clone(),
        caller: holder.caller().await?,
        hashing: Arc::new(HashPool::new()),
        runtime: Handle::current(),
    })
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Tells of each row what would become of it.
pub(super) async fn rehearse(
    options: &Options,
    mapping: Mapping,
    holder: &KeyHolder,
) -> Result<(), Failure> {
    let source = Source::open(&options.file)?;
    let mut report = Report::open(options)?;
    let (mut counts, mut rehearsal) = (Counts::default(), Rehearsal::default());
    // Before the file is read: who may not is told so at once.
    holder.decide::<BatchIdentities>(Own).await?;
    holder.decide::<CreateIdentity>(Own).await?;
    let mut batches = prepare::start(maker(options, holder).await?, mapping, source.clone(), 0)?;
    let mut progress = Progress::start(source.length);
    while let Some(batch) = batches.recv().await {
        let batch = batch.inspect_err(|_| progress.end())?;
        let (total, read) = (count(batch.rows.len()), batch.read);
        let Ready { slots, items, .. } = items(holder, batch.rows, false).await?;
        let grant = holder.decide::<BatchIdentities>(Own).await?;
        let create = holder.decide::<CreateIdentity>(Own).await?;
        let store = &holder.node.store;
        let outcomes = store
            .rehearse(&grant, &create, &mut rehearsal, items)
            .await?;
        let mut outcomes = outcomes.iter();
        for slot in &slots {
            let error = match &slot.refused {
                Some(error) => Some(error),
                None => outcomes.next().and_then(|outcome| outcome.as_ref().err()),
            };
            counts.rows += 1;
            match error {
                None => counts.created += 1,
                Some(error) => {
                    counts.rejected += 1;
                    counts.already_there += u64::from(error.code() == Code::Conflict);
                }
            }
            report.row(slot.number, error)?;
        }
        progress.advance(total, read);
    }
    progress.end();
    report.close()?;
    counts.tell(options, &source, &progress, None)
}

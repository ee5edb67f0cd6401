//! Writes the batches, one after the other.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use palisade_authz::{
    Own,
    action::{BatchIdentities, CreateIdentity},
};
use palisade_envelope::{Code, Error};
use palisade_http::HashPool;
use palisade_identity::IdentityId;
use palisade_store::{
    BatchItem, Decides as _, ImportProgress, ImportRequest, ImportStep, KnownProviders, Rehearsal,
};
use tokio::runtime::Handle;

use super::{
    Options, fingerprint,
    journal::{self, BatchRows, Mark, RejectedFile},
    mapping::Mapping,
    prepare::{Batch, Batches, Maker, Prepared},
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
    let path = journal::path(options, &source, holder.tenant())?;
    let path_text = path
        .to_str()
        .ok_or_else(|| Failure::new("the path of the file of rejected rows is not UTF-8"))?
        .to_owned();
    let going_on = known.filter(|known| known.finished_at.is_none());
    // One that goes on must go on in its own file; any other one needs a file in which there is nothing of anybody.
    if let Some(known) = &going_on {
        check_file(known, &path_text)?;
    }
    let mut file = RejectedFile::open(&path, going_on.is_none())?;
    let maker = maker(options, holder).await?;
    let mut progress = Progress::start(source.length);
    // What can't be read at all, or does not fit the mapping, is found before there is anything of the import.
    let mut ahead = match going_on {
        Some(_) => None,
        None => {
            let mut batches = Batches::start(maker.clone(), mapping.clone(), source.clone(), 0)?;
            let first = batches.next().await?;
            Some((batches, first))
        }
    };
    let (mut counts, length, mark) = match fingerprint {
        Some(fingerprint) => {
            let request = ImportRequest {
                fingerprint,
                rejected_file: path_text.clone(),
                again: options.again,
            };
            let begun = holder.node.store.begin_import(grant, request).await?;
            check_file(&begun, &path_text)?;
            let mark = Mark::of(holder.tenant(), fingerprint, begun.started_at);
            let (counts, length) = so_far(&begun);
            if ahead.is_some() && counts.before > 0 {
                return Err(Failure::new(
                    "another run of this import is at work, or was since this one began; let one of them finish",
                ));
            }
            (counts, length, mark)
        }
        None => {
            output::remark("stdin can't be read again: this import can't go on where it is ended");
            (Counts::default(), 0, Mark::once())
        }
    };
    if counts.before > 0 {
        output::remark(format_args!(
            "going on with an import: {} rows of {} are done",
            counts.before,
            source.name()
        ));
    }
    file.go_on_at(length, mark)?;
    let (batches, first) = match ahead.take() {
        Some((batches, first)) => (batches, Some(first)),
        None => {
            let skip = counts.before;
            let batches = Batches::start(maker, mapping, source.clone(), skip)?;
            (batches, None)
        }
    };
    let mut writing = Writing {
        holder,
        fingerprint,
        file: Arc::new(file),
        counts: &mut counts,
    };
    writing.all(batches, first, &source, &mut progress).await?;
    drop(writing);
    progress.end();
    if let Some(fingerprint) = fingerprint {
        let grant = holder.decide::<BatchIdentities>(Own).await?;
        let store = &holder.node.store;
        store.finish_import(grant, fingerprint, counts.rows).await?;
    }
    counts.tell(options, &source, &progress, Some(&path_text))
}

/// Fails where the import's rejected rows are in another file.
fn check_file(known: &ImportProgress, path: &str) -> Result<(), Failure> {
    if known.rejected_file == path {
        return Ok(());
    }
    Err(Failure::new(format!(
        "this import began with `{}` as its file of rejected rows: name it with `--rejected`",
        known.rejected_file
    )))
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
    /// Writes `first`, where it is there already, and what comes behind it.
    async fn all(
        &mut self,
        mut batches: Batches,
        first: Option<Option<Batch>>,
        source: &Source,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut next = match first {
            Some(first) => Ok(first),
            None => batches.next().await,
        };
        loop {
            let done = match next {
                Ok(None) => return Ok(()),
                Ok(Some(Batch { rows, read })) => {
                    let many = count(rows.len());
                    self.batch(rows.into()).await.map(|()| (many, read))
                }
                Err(failure) => Err(failure),
            };
            match done {
                Ok((rows, read)) => progress.advance(rows, read),
                Err(failure) => {
                    let known = self.fingerprint.is_some();
                    return Err(ended(&failure, self.counts.rows, known, source));
                }
            }
            next = batches.next().await;
        }
    }

    /// Writes the rows; where the database refuses all of them for one, it is found by halving them.
    async fn batch(&mut self, rows: Arc<[Prepared]>) -> Result<(), Failure> {
        halved(rows.len(), async |part, alone| {
            self.step(&rows, part, alone).await
        })
        .await
    }

    /// One transaction. The inner error can be one of the rows'.
    async fn step(
        &mut self,
        rows: &Arc<[Prepared]>,
        part: Range<usize>,
        alone: Option<Error>,
    ) -> Result<Result<(), Error>, Failure> {
        let total = count(part.len());
        let slice = rows.get(part.clone()).unwrap_or_default();
        let Ready { refused, items } = match items(self.holder, slice, alone).await {
            Ok(ready) => ready,
            Err(error) => return of_rows(error),
        };
        let batch = Arc::new(BatchRows {
            rows: Arc::clone(rows),
            part,
            refused,
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
        if let Err(error) = store.import_identities(grant, create, items, step).await {
            return of_rows(error);
        }
        let rejected = *batch.count.lock().unwrap_or_else(PoisonError::into_inner);
        self.file.commit(rejected.bytes);
        self.counts.rows += total;
        self.counts.created += total.saturating_sub(rejected.rows);
        self.counts.rejected += rejected.rows;
        self.counts.already_there += rejected.conflicts;
        Ok(Ok(()))
    }
}

/// The failure, with how many rows are done and whether the same command goes on behind them. `known`: the import is one
/// that can go on.
fn ended(failure: &Failure, rows: u64, known: bool, source: &Source) -> Failure {
    let mut message = failure.to_string();
    if rows > 0 {
        message.push_str(&format!("; {rows} rows are done"));
        // A file that is another one by now is another import.
        if known && source.check_unchanged().is_ok() {
            message.push_str(", and the same command goes on behind them");
        }
    }
    Failure::new(message)
}

/// Does so many rows by `step`, in order. Where it refuses a part of them for what can be one row's, each half is done by
/// itself; a single row that is refused is done once more with why, so that it is written down as rejected.
async fn halved(
    rows: usize,
    mut step: impl AsyncFnMut(Range<usize>, Option<Error>) -> Result<Result<(), Error>, Failure>,
) -> Result<(), Failure> {
    let mut left: Vec<Range<usize>> = std::iter::once(0..rows).collect();
    while let Some(part) = left.pop() {
        let Err(error) = step(part.clone(), None).await? else {
            continue;
        };
        if part.len() > 1 {
            let middle = part.start + part.len() / 2;
            left.push(middle..part.end);
            left.push(part.start..middle);
        } else if let Err(error) = step(part, Some(error)).await? {
            return Err(error.into());
        }
    }
    Ok(())
}

/// A part of a batch as the store takes it.
struct Ready {
    /// Of each row that could be made, why it may not go in all the same.
    refused: Vec<Option<Error>>,
    /// Those that may.
    items: Vec<BatchItem>,
}

/// The items of the rows with the grants for their links. `alone`: why the one row that there is may not go in.
async fn items(
    holder: &KeyHolder,
    rows: &[Prepared],
    mut alone: Option<Error>,
) -> palisade_envelope::Result<Ready> {
    let made = rows.iter().filter_map(|row| row.made.as_ref().ok());
    let caller = holder.caller().await?;
    let store = &holder.node.store;
    let mut ready = Ready {
        refused: Vec::with_capacity(rows.len()),
        items: Vec::with_capacity(rows.len()),
    };
    if alone.is_some() {
        ready.refused.extend(rows.iter().map(|_| alone.take()));
        return Ok(ready);
    }
    let providers = KnownProviders::of(store, caller.scope(), made).await?;
    for row in rows {
        let refused = match &row.made {
            Err(_) => None,
            Ok(changed) => match providers.grants(holder, changed).await {
                Ok(imports) => {
                    let changed = Box::new(changed.clone());
                    ready.items.push(BatchItem::Create { changed, imports });
                    None
                }
                Err(error) if error.code() == Code::Forbidden => Some(error),
                Err(error) => return Err(error),
            },
        };
        ready.refused.push(refused);
    }
    holder.record_refusals();
    Ok(ready)
}

/// Whether an error can be one row's own, so that the others may go in without it: then it is the inner one.
fn of_rows<T>(error: Error) -> Result<Result<T, Error>, Failure> {
    let own = error.code().status() < 500
        && !matches!(
            error.code(),
            Code::StaleResource | Code::Forbidden | Code::Unauthenticated
        );
    if own {
        Ok(Err(error))
    } else {
        Err(error.into())
    }
}

async fn maker(options: &Options, holder: &KeyHolder) -> Result<Maker, Failure> {
    Ok(Maker {
        format: options.format,
        schema: options.schema.clone(),
        keep_ids: options.keep_ids,
        store: holder.node.store.clone(),
        caller: holder.caller().await?,
        hashing: (!options.dry_run).then(|| Arc::new(HashPool::new())),
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
    // Before the file is read: who may not is told so at once.
    holder.decide::<BatchIdentities>(Own).await?;
    holder.decide::<CreateIdentity>(Own).await?;
    let mut rehearsing = Rehearsing {
        holder,
        report: Report::open(options)?,
        counts: Counts::default(),
        rehearsal: Rehearsal::default(),
    };
    let maker = maker(options, holder).await?;
    let mut batches = Batches::start(maker, mapping, source.clone(), 0)?;
    let mut progress = Progress::start(source.length);
    while let Some(Batch { rows, read }) = batches.next().await? {
        let done = halved(rows.len(), async |part: Range<usize>, alone| {
            let rows = rows.get(part).unwrap_or_default();
            rehearsing.step(rows, alone).await
        });
        done.await?;
        progress.advance(count(rows.len()), read);
    }
    progress.end();
    rehearsing.report.close()?;
    rehearsing.counts.tell(options, &source, &progress, None)
}

struct Rehearsing<'a> {
    holder: &'a KeyHolder,
    report: Report,
    counts: Counts,
    rehearsal: Rehearsal,
}

impl Rehearsing<'_> {
    /// Tells what would become of the rows. The inner error can be one of the rows'.
    async fn step(
        &mut self,
        rows: &[Prepared],
        alone: Option<Error>,
    ) -> Result<Result<(), Error>, Failure> {
        let Ready { refused, items } = match items(self.holder, rows, alone).await {
            Ok(ready) => ready,
            Err(error) => return of_rows(error),
        };
        let outcomes = match self.outcomes(items).await {
            Ok(outcomes) => outcomes,
            Err(error) => return of_rows(error),
        };
        for (row, error) in journal::ends(rows, &refused, &outcomes)? {
            self.counts.rows += 1;
            match error {
                None => self.counts.created += 1,
                Some(error) => {
                    self.counts.rejected += 1;
                    self.counts.already_there += u64::from(error.code() == Code::Conflict);
                }
            }
            self.report.row(row.number, error)?;
        }
        Ok(Ok(()))
    }

    async fn outcomes(
        &mut self,
        items: Vec<BatchItem>,
    ) -> palisade_envelope::Result<Vec<palisade_envelope::Result<IdentityId>>> {
        let grant = self.holder.decide::<BatchIdentities>(Own).await?;
        let create = self.holder.decide::<CreateIdentity>(Own).await?;
        let store = &self.holder.node.store;
        store
            .rehearse(&grant, &create, &mut self.rehearsal, items)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_that_are_refused_are_found_by_halving_and_the_others_go_in_in_order() {
        let (mut done, mut rejected) = (Vec::new(), Vec::new());
        let bad = [0, 5, 6];
        let halves = halved(10, async |part: Range<usize>, alone: Option<Error>| {
            if let Some(error) = alone {
                rejected.push((part.start, error.code()));
                done.extend(part);
                return Ok(Ok(()));
            }
            if part.clone().any(|row| bad.contains(&row)) {
                return of_rows(Error::new(Code::InUse));
            }
            done.extend(part);
            Ok(Ok(()))
        });
        halves.await.expect("is done");
        assert_eq!(done, (0..10).collect::<Vec<_>>());
        assert_eq!(rejected, bad.map(|row| (row, Code::InUse)));
        // What is no row's fault ends all.
        for code in [Code::Unavailable, Code::StaleResource, Code::Forbidden] {
            let mut steps = 0;
            let failed = halved(10, async |_, _| {
                steps += 1;
                of_rows(Error::new(code))
            });
            failed.await.expect_err("ends");
            assert_eq!(steps, 1);
        }
    }

    #[test]
    fn an_import_of_a_file_that_was_changed_is_not_said_to_go_on() {
        use std::io::Write as _;

        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let source = Source::open(file.path()).expect("is there");
        let failure = Failure::new("why");
        let said = |rows, known| ended(&failure, rows, known, &source).to_string();
        assert_eq!(said(0, true), "why");
        assert_eq!(said(5, false), "why; 5 rows are done");
        let goes_on = "why; 5 rows are done, and the same command goes on behind them";
        assert_eq!(said(5, true), goes_on);
        file.write_all(b"more").expect("written");
        assert_eq!(said(5, true), "why; 5 rows are done");
    }
}

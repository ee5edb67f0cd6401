//! The file of rejected rows. How long it is commits with each batch: what a run that was killed wrote behind that is cut
//! off by the next one, so that no row is missing and none is there twice.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use palisade_envelope::{Code, Error, Result};
use palisade_identity::IdentityId;
use palisade_store::{RejectedCount, RejectedRows};
use serde_json::{Value, json};

use super::{Options, rows::Row, source::Source};
use crate::Failure;

/// The file, held by this run alone.
#[derive(Debug)]
pub(super) struct RejectedFile {
    path: PathBuf,
    file: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// How long it is with everything that is committed.
    committed: u64,
}

/// Where rejected rows go: as the options say, or beside the file.
pub(super) fn path(options: &Options, source: &Source) -> Result<PathBuf, Failure> {
    let path = match (&options.rejected, source.path()) {
        (Some(path), _) => path.clone(),
        (None, Some(file)) => {
            let mut name = file.as_os_str().to_owned();
            name.push(".rejected.jsonl");
            name.into()
        }
        (None, None) => "stdin.rejected.jsonl".into(),
    };
    // Whole, so that it is the same file wherever the next run is started.
    std::path::absolute(&path)
        .map_err(|error| Failure::new(format!("`{}` is no path: {error}", path.display())))
}

impl RejectedFile {
    /// Opens the file and holds it. `new`: it must be empty or not there, since what is in it is somebody's.
    pub(super) fn open(path: &Path, new: bool) -> Result<Self, Failure> {
        let explain = |error: std::io::Error| {
            Failure::new(format!(
                "the file of rejected rows `{}` can't be written: {error}",
                path.display()
            ))
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            // Rows hold hashes.
            .mode(0o600)
            .open(path)
            .map_err(explain)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(format!(
                    "another import writes its rejected rows to `{}`: wait for its end, or name another file with \
                     `--rejected`",
                    path.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(explain(error)),
        }
        if new && file.metadata().map_err(explain)?.len() > 0 {
            return Err(Failure::new(format!(
                "`{}` is there already and would be written over: move it away, or name another file for rejected rows \
                 with `--rejected`",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(Open { file, committed: 0 }),
        })
    }

    /// Goes on behind what is committed.
    pub(super) fn go_on_at(&self, length: u64) -> Result<(), Failure> {
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let there = open.file.metadata().map(|metadata| metadata.len());
        if there.is_ok_and(|there| there < length) {
            return Err(Failure::new(format!(
                "`{}` is shorter than this import has left it: put it back, or begin anew with another copy of the file \
                 to import",
                self.path.display()
            )));
        }
        open.committed = length;
        open.file.set_len(length).map_err(|error| {
            Failure::new(format!("`{}` can't be cut: {error}", self.path.display()))
        })
    }

    /// What was written for the last batch counts from now on.
    pub(super) fn commit(&self, length: u64) {
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        open.committed = length;
    }

    /// Writes these lines behind what is committed; how long the file is then.
    fn append(&self, lines: &[u8]) -> std::io::Result<u64> {
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let committed = open.committed;
        let length = open.file.metadata()?.len();
        if lines.is_empty() && length == committed {
            return Ok(committed);
        }
        open.file.set_len(committed)?;
        open.file.seek(SeekFrom::Start(committed))?;
        open.file.write_all(lines)?;
        // Before the database says that it is there.
        open.file.sync_data()?;
        Ok(committed + u64::try_from(lines.len()).unwrap_or(0))
    }
}

impl Drop for RejectedFile {
    /// Removes the file where nothing was rejected.
    fn drop(&mut self) {
        let open = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
        let length = open.file.metadata().map(|metadata| metadata.len());
        if open.committed == 0 && length.is_ok_and(|length| length == 0) {
            // One that stays is empty and does no harm.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A row of a batch.
#[derive(Debug)]
pub(super) struct Slot {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    pub(super) row: Row,
    /// Why it is no item of the batch.
    pub(super) refused: Option<Error>,
}

/// The rows of one batch, to be written down where they are rejected.
#[derive(Debug)]
pub(super) struct BatchRows {
    pub(super) slots: Vec<Slot>,
    pub(super) file: Arc<RejectedFile>,
    /// What the last call wrote.
    pub(super) count: Mutex<RejectedCount>,
}

impl RejectedRows for BatchRows {
    fn write(&self, outcomes: &[Result<IdentityId>]) -> Result<RejectedCount> {
        let mut outcomes = outcomes.iter();
        let (mut lines, mut count) = (Vec::new(), RejectedCount::default());
        for slot in &self.slots {
            let error = match &slot.refused {
                Some(error) => error,
                None => match outcomes.next() {
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => error,
                    None => return Err(Error::internal("a batch has fewer outcomes than items")),
                },
            };
            count.rows += 1;
            count.conflicts += u64::from(error.code() == Code::Conflict);
            line(&mut lines, slot.number, error, &slot.row)?;
        }
        count.bytes = self.file.append(&lines).map_err(|error| {
            Error::internal(format!(
                "the file of rejected rows `{}` can't be written: {error}",
                self.file.path.display()
            ))
        })?;
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) = count;
        Ok(count)
    }
}

/// A line: the number comes first, by which such files are told from others.
fn line(lines: &mut Vec<u8>, number: u64, error: &Error, row: &Row) -> Result<()> {
    let mut written = |text: String| lines.extend_from_slice(text.as_bytes());
    let reason = reason(error);
    let text = |value: &Value| serde_json::to_string(value).map_err(Error::internal);
    written(format!("{{\"row\":{number}"));
    for (name, value) in &reason {
        written(format!(",{}:{}", text(&json!(name))?, text(value)?));
    }
    written(format!(",\"source\":{}}}\n", text(&row.to_value())?));
    Ok(())
}

/// Why a row is rejected: `code`, `reason`, and where it is known `field`, `conflicts` and `notices`.
pub(super) fn reason(error: &Error) -> Vec<(&'static str, Value)> {
    let envelope = error.envelope();
    let mut members = vec![
        ("code", envelope.code.as_str().into()),
        ("reason", envelope.message.clone().into_owned().into()),
    ];
    for name in ["field", "expected", "conflicts"] {
        if let Some(value) = envelope.details.get(name) {
            members.push((name, value.clone()));
        }
    }
    if !envelope.notices.is_empty() {
        members.push(("notices", json!(envelope.notices)));
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(file: &Arc<RejectedFile>, first: u64) -> BatchRows {
        let slot = |number, refused| Slot {
            number,
            row: Row::Text(format!("{{\"n\":{number}}}").into_bytes()),
            refused,
        };
        BatchRows {
            slots: vec![
                slot(
                    first,
                    Some(Error::field("traits.email", "an e-mail address")),
                ),
                slot(first + 1, None),
                slot(first + 2, None),
            ],
            file: Arc::clone(file),
            count: Mutex::default(),
        }
    }

    fn outcomes() -> Vec<Result<IdentityId>> {
        let id = IdentityId::from_uuid(palisade_identity::ids::Uuid::nil());
        vec![Ok(id), Err(Error::conflict(["external_id"]))]
    }

    #[test]
    fn what_was_not_committed_is_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.jsonl");
        let file = Arc::new(RejectedFile::open(&path, true).expect("is new"));
        RejectedFile::open(&path, true).expect_err("is held");
        let first = rows(&file, 1);
        let count = first.write(&outcomes()).expect("written");
        assert_eq!((count.rows, count.conflicts), (2, 1));
        // The batch is done again, then commits.
        assert_eq!(first.write(&outcomes()).expect("written"), count);
        file.commit(count.bytes);
        let second = rows(&file, 4).write(&outcomes()).expect("written");
        assert!(second.bytes > count.bytes);
        // Killed before it committed.
        drop(first);
        drop(file);
        RejectedFile::open(&path, true).expect_err("somebody's");
        let file = Arc::new(RejectedFile::open(&path, false).expect("is there"));
        file.go_on_at(count.bytes).expect("is cut");
        let again = rows(&file, 4).write(&outcomes()).expect("written");
        assert_eq!(again, second);
        let text = std::fs::read_to_string(&path).expect("text");
        let numbers: Vec<u64> = text
            .lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line).expect("JSON");
                assert_eq!(line["source"]["n"], line["row"]);
                line["row"].as_u64().expect("a number")
            })
            .collect();
        assert_eq!(numbers, [1, 3, 4, 6]);
        assert!(
            text.starts_with("{\"row\":1,\"code\":\"invalid_request\",\"reason\":"),
            "{text}"
        );
        file.go_on_at(u64::MAX).expect_err("is shorter");
    }
}

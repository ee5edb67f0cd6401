//! The file of rejected rows. How long it is commits with each batch: what a run that was killed wrote behind that is cut
//! off by the next one, so that no row is missing and none is there twice.

use std::{
    fs::{File, Permissions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    ops::Range,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use data_encoding::HEXLOWER;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{IdentityId, Timestamp, ids::uuid_at};
use palisade_store::{RejectedCount, RejectedRows};
use palisade_tenancy::{Clock as _, SystemClock, TenantId};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Options, prepare::Prepared, rows::Row, source::Source};
use crate::{
    Failure,
    files::{self, Held},
};

/// How much of a text is shown that says why a row is rejected, in characters.
const SHOWN: usize = 1_000;

/// The file, held by this run alone.
#[derive(Debug)]
pub(super) struct RejectedFile {
    path: PathBuf,
    /// Whether the import has made it: then it is removed where nothing is in it.
    own: bool,
    mark: Mark,
    file: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// How long it is with everything that is committed.
    committed: u64,
}

/// How each line of an import begins: by it the import knows its own file from another's, also where a run was killed
/// before anything committed.
#[derive(Clone, Debug, Default)]
pub(super) struct Mark(String);

impl Mark {
    /// Of the import of this fingerprint in the tenant, as it was begun then.
    pub(super) fn of(tenant: TenantId, fingerprint: [u8; 32], started_at: Timestamp) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"palisade rejected rows 1\0");
        hash.update(tenant.as_uuid());
        hash.update(fingerprint);
        hash.update(started_at.timestamp_millis().to_be_bytes());
        let hash = hash.finalize();
        Self::named(&HEXLOWER.encode(hash.get(..16).unwrap_or_default()))
    }

    /// Of an import that can't go on.
    pub(super) fn once() -> Self {
        Self::named(&uuid_at(SystemClock.now()).simple().to_string())
    }

    fn named(name: &str) -> Self {
        Self(format!("{{\"import\":\"{name}\","))
    }
}

/// Where rejected rows go: as the options say, or beside the file, under a name that is the tenant's own.
pub(super) fn path(
    options: &Options,
    source: &Source,
    tenant: TenantId,
) -> Result<PathBuf, Failure> {
    let path = match (&options.rejected, source.path()) {
        (Some(path), _) => path.clone(),
        (None, Some(file)) => {
            let mut name = file.as_os_str().to_owned();
            name.push(format!(".{tenant}.rejected.jsonl"));
            name.into()
        }
        (None, None) => format!("stdin.{tenant}.rejected.jsonl").into(),
    };
    let at = |path: &Path| {
        std::fs::metadata(path)
            .map(|file| (file.dev(), file.ino()))
            .ok()
    };
    if source
        .path()
        .and_then(at)
        .is_some_and(|source| at(&path) == Some(source))
    {
        return Err(Failure::new(format!(
            "`{}` is the file that is imported: name another one for rejected rows with `--rejected`",
            path.display()
        )));
    }
    // Whole, so that it is the same file wherever the next run is started.
    std::path::absolute(&path)
        .map_err(|error| Failure::new(format!("`{}` is no path: {error}", path.display())))
}

impl RejectedFile {
    /// Opens the file and holds it. `new`: it must be empty or not there, since what is in it is somebody's. Nothing is
    /// written before [`RejectedFile::go_on_at`].
    pub(super) fn open(path: &Path, new: bool) -> Result<Self, Failure> {
        let explain = |error| unwritable(path, &error);
        let Some(Held { file, made }) = files::hold(path).map_err(explain)? else {
            return Err(Failure::new(format!(
                "another import writes its rejected rows to `{}`: wait for its end, or name another file with \
                 `--rejected`",
                path.display()
            )));
        };
        if new && file.metadata().map_err(explain)?.len() > 0 {
            return Err(Failure::new(format!(
                "`{}` is there already and would be written over: move it away, or name another file for rejected rows \
                 with `--rejected`",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            own: made || !new,
            mark: Mark::default(),
            file: Mutex::new(Open { file, committed: 0 }),
        })
    }

    /// Goes on behind what is committed, where the file is the one that the import of this mark left.
    pub(super) fn go_on_at(&mut self, length: u64, mark: Mark) -> Result<(), Failure> {
        let open = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
        let explain = |error| unwritable(&self.path, &error);
        if !is_own(&mut open.file, length, &mark).map_err(explain)? {
            return Err(Failure::new(format!(
                "`{}` is not the file of rejected rows as this import has left it: put that back, or import from stdin, \
                 `-`, which does not go on: rows that are in are rejected as being there already",
                self.path.display()
            )));
        }
        // Before there is a row in it.
        let own = Permissions::from_mode(0o600);
        open.file.set_permissions(own).map_err(explain)?;
        open.committed = length;
        open.file.set_len(length).map_err(explain)?;
        self.mark = mark;
        Ok(())
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

/// Whether a file is empty, or begins as the import does and has a line's end where the import's part ends. What stands
/// behind that part is of a run that was killed.
fn is_own(file: &mut File, length: u64, mark: &Mark) -> std::io::Result<bool> {
    let there = file.metadata()?.len();
    if there < length {
        return Ok(false);
    }
    let mark = mark.0.as_bytes();
    file.seek(SeekFrom::Start(0))?;
    let mut begin = Vec::new();
    let most = u64::try_from(mark.len()).unwrap_or(u64::MAX);
    (&*file).take(most).read_to_end(&mut begin)?;
    // Shorter: the run was killed as it wrote the very beginning.
    if !mark.starts_with(&begin) {
        return Ok(false);
    }
    let Some(last) = length.checked_sub(1) else {
        return Ok(true);
    };
    let mut end = [0];
    file.seek(SeekFrom::Start(last))?;
    file.read_exact(&mut end)?;
    Ok(end == *b"\n")
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "the file of rejected rows `{}` can't be written: {error}",
        path.display()
    ))
}

impl Drop for RejectedFile {
    /// Removes the file where nothing was rejected.
    fn drop(&mut self) {
        let open = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
        let length = open.file.metadata().map(|metadata| metadata.len());
        if self.own && open.committed == 0 && length.is_ok_and(|length| length == 0) {
            // One that stays is empty and does no harm.
            let _ = files::remove(&open.file, &self.path);
        }
    }
}

/// A part of a batch, to be written down where it is rejected.
#[derive(Debug)]
pub(super) struct BatchRows {
    pub(super) rows: Arc<[Prepared]>,
    /// Which of them.
    pub(super) part: Range<usize>,
    /// Why rows of the part are refused that could be made.
    pub(super) refused: Vec<Option<Error>>,
    pub(super) file: Arc<RejectedFile>,
    /// What the last call wrote.
    pub(super) count: Mutex<RejectedCount>,
}

/// Each row with why it is rejected, if it is: because it could not be made, because it may not go in, or because of what
/// became of it. `outcomes` are those of the others.
pub(super) fn ends<'a>(
    rows: &'a [Prepared],
    refused: &'a [Option<Error>],
    outcomes: &'a [Result<IdentityId>],
) -> Result<Vec<(&'a Prepared, Option<&'a Error>)>> {
    let mut outcomes = outcomes.iter();
    rows.iter()
        .zip(refused)
        .map(|(row, refused)| {
            let error = match (&row.made, refused) {
                (Err(error), _) | (Ok(_), Some(error)) => Some(error),
                (Ok(_), None) => match outcomes.next() {
                    Some(outcome) => outcome.as_ref().err(),
                    None => return Err(Error::internal("a batch has fewer outcomes than items")),
                },
            };
            Ok((row, error))
        })
        .collect()
}

impl RejectedRows for BatchRows {
    fn write(&self, outcomes: &[Result<IdentityId>]) -> Result<RejectedCount> {
        let rows = self.rows.get(self.part.clone()).unwrap_or_default();
        let (mut lines, mut count) = (Vec::new(), RejectedCount::default());
        for (row, error) in ends(rows, &self.refused, outcomes)? {
            let Some(error) = error else { continue };
            count.rows += 1;
            count.conflicts += u64::from(error.code() == Code::Conflict);
            line(&mut lines, &self.file.mark, row.number, error, &row.row)?;
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

/// A line: which import's, the number of the row, why it is rejected, and the row as it was.
fn line(lines: &mut Vec<u8>, mark: &Mark, number: u64, error: &Error, row: &Row) -> Result<()> {
    let mut written = |text: &str| lines.extend_from_slice(text.as_bytes());
    let text = |value: &Value| serde_json::to_string(value).map_err(Error::internal);
    written(&mark.0);
    written(&format!("\"row\":{number}"));
    for (name, value) in &reason(error) {
        written(&format!(",{}:{}", text(&json!(name))?, text(value)?));
    }
    written(",");
    written(&row.member());
    written("}\n");
    Ok(())
}

/// Why a row is rejected: `code`, `reason`, and where it is known `field`, `conflicts` and `notices`.
pub(super) fn reason(error: &Error) -> Vec<(&'static str, Value)> {
    let envelope = error.envelope();
    let mut members = vec![
        ("code", envelope.code.as_str().into()),
        ("reason", short(&envelope.message).into()),
    ];
    for name in ["field", "expected", "conflicts"] {
        if let Some(value) = envelope.details.get(name) {
            let text = value.as_str().map(|text| short(text).into());
            members.push((name, text.unwrap_or_else(|| value.clone())));
        }
    }
    if !envelope.notices.is_empty() {
        members.push(("notices", json!(envelope.notices)));
    }
    members
}

/// The text, or its beginning: the name of a member can be as long as a row, and a line has to be read again.
fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed() -> palisade_identity::change::Changed {
        let read =
            palisade_identity::decode::imported(br#"{"traits": {"email": "a@example.org"}}"#);
        let document = json!({"type": "object", "properties": {"traits": {"type": "object"}}});
        let schema = palisade_identity::IdentitySchema::compile("default", &document);
        let id = IdentityId::from_uuid(palisade_identity::ids::Uuid::nil());
        let now = Timestamp::from_timestamp_millis(0).expect("a time");
        palisade_identity::change::import(read.expect("is read"), &schema.expect("is one"), id, now)
            .expect("fits")
    }

    /// Three rows: one that could not be made, and two that could.
    fn rows(file: &Arc<RejectedFile>, first: u64) -> BatchRows {
        let row = |number, made| Prepared {
            number,
            row: Row::Text(format!("{{\"n\":{number}}}").into_bytes()),
            made,
        };
        let wrong = Error::field("traits.email", "an e-mail address");
        BatchRows {
            rows: Arc::new([
                row(first, Err(wrong)),
                row(first + 1, Ok(changed())),
                row(first + 2, Ok(changed())),
            ]),
            part: 0..3,
            refused: vec![None, None, None],
            file: Arc::clone(file),
            count: Mutex::default(),
        }
    }

    fn outcomes() -> Vec<Result<IdentityId>> {
        let id = IdentityId::from_uuid(palisade_identity::ids::Uuid::nil());
        vec![Ok(id), Err(Error::conflict(["external_id"]))]
    }

    fn mark(name: &str) -> Mark {
        Mark::named(name)
    }

    fn open(path: &Path, new: bool, length: u64, name: &str) -> Result<Arc<RejectedFile>, Failure> {
        let mut file = RejectedFile::open(path, new)?;
        file.go_on_at(length, mark(name))?;
        Ok(Arc::new(file))
    }

    #[test]
    fn what_was_not_committed_is_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.jsonl");
        let file = open(&path, true, 0, "one").expect("is new");
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
        let file = open(&path, false, count.bytes, "one").expect("is its own");
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
        let begin = "{\"import\":\"one\",\"row\":1,\"code\":\"invalid_request\",\"reason\":";
        assert!(text.starts_with(begin), "{text}");
        drop(file);
        open(&path, false, u64::MAX, "one").expect_err("is shorter");
    }

    #[test]
    fn an_import_leaves_the_files_of_others_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.jsonl");
        let file = open(&path, true, 0, "beta").expect("is new");
        let count = rows(&file, 1).write(&outcomes()).expect("written");
        file.commit(count.bytes);
        drop(file);
        let text = std::fs::read_to_string(&path).expect("text");
        // Killed before anything was rejected, and after.
        for length in [0, 1, count.bytes] {
            open(&path, false, length, "alpha").expect_err("is beta's");
        }
        // Its own, corrected in place: what would be cut is no longer what was written.
        let corrected = text.replacen("\"n\":1", "\"n\":\"one\"", 1);
        std::fs::write(&path, &corrected).expect("is written");
        open(&path, false, count.bytes, "beta").expect_err("is another one");
        assert_eq!(std::fs::read_to_string(&path).expect("text"), corrected);
        // What its own run left as it was killed is its own, whole or not.
        for left in ["", "{\"imp", "{\"import\":\"beta\",\"row\":1,\"co"] {
            std::fs::write(&path, left).expect("is written");
            drop(open(&path, false, 0, "beta").expect("is its own"));
            assert!(!path.exists(), "nothing is rejected");
        }
    }

    #[test]
    fn an_import_removes_no_file_that_was_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.jsonl");
        drop(open(&path, true, 0, "one").expect("is new"));
        assert!(!path.exists());
        std::fs::write(&path, "").expect("is written");
        drop(open(&path, true, 0, "one").expect("is empty"));
        assert!(path.exists());
    }

    #[test]
    fn the_name_of_a_member_that_is_as_long_as_a_row_is_shown_in_part() {
        let error = Error::field("\u{1}".repeat(1_000_000), "nothing");
        let mut lines = Vec::new();
        let row = Row::Text(b"{}".to_vec());
        line(&mut lines, &mark("one"), 1, &error, &row).expect("is written");
        assert!(lines.len() < 20_000, "{}", lines.len());
    }

    #[test]
    fn a_file_that_was_there_becomes_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.jsonl");
        std::fs::write(&path, "").expect("is written");
        let all = Permissions::from_mode(0o666);
        std::fs::set_permissions(&path, all).expect("are set");
        let file = open(&path, true, 0, "one").expect("is empty");
        rows(&file, 1).write(&outcomes()).expect("written");
        let mode = std::fs::metadata(&path)
            .expect("is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

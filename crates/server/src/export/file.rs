//! Where an export goes: stdout, or a file that is there when all of it is.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{Failure, files};

/// What the name of the file ends with until all of it is there.
const UNFINISHED: &str = ".palisade-export";

/// Takes lines.
pub(super) enum Sink {
    Stdout(BufWriter<std::io::Stdout>),
    File {
        /// Removed with everything in it where the export fails; before the file below lets go of its lock.
        new: Temporary,
        out: BufWriter<File>,
        path: PathBuf,
    },
}

/// A file that goes away unless it is renamed.
pub(super) struct Temporary(Option<PathBuf>);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // It holds hashes; where it can't be removed, its owner alone can read it.
            let _ = fs::remove_file(path);
        }
    }
}

impl Sink {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Stdout(BufWriter::new(std::io::stdout())));
        };
        if path.is_dir() {
            return Err(Failure::new(format!(
                "`{}` is a folder: name a file in it",
                path.display()
            )));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(UNFINISHED);
        let new = PathBuf::from(name);
        let explain = |error| broken(path, &error);
        // What an export left that was killed goes away: somebody may have it open.
        let Some(out) = files::hold_new(&new).map_err(explain)? else {
            return Err(Failure::new(format!(
                "another export writes to `{}`: wait for its end",
                path.display()
            )));
        };
        Ok(Self::File {
            new: Temporary(Some(new)),
            out: BufWriter::with_capacity(256 * 1024, out),
            path: path.to_owned(),
        })
    }

    /// Writes a line.
    pub(super) fn line(&mut self, line: &str) -> Result<(), Failure> {
        match self {
            Self::Stdout(out) => writeln!(out, "{line}")
                .map_err(|error| Failure::new(format!("stdout can't be written to: {error}"))),
            Self::File { out, path, .. } => {
                writeln!(out, "{line}").map_err(|error| broken(path, &error))
            }
        }
    }

    /// The end: the file is on disk, and takes the place of one of its name.
    pub(super) fn close(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut out) => out
                .flush()
                .map_err(|error| Failure::new(format!("stdout can't be written to: {error}"))),
            Self::File {
                mut new,
                mut out,
                path,
            } => {
                let mut whole = || -> std::io::Result<()> {
                    out.flush()?;
                    out.get_ref().sync_all()?;
                    if let Some(new) = &new.0 {
                        fs::rename(new, &path)?;
                    }
                    files::sync_folder(&path)
                };
                let done = whole();
                if done.is_ok() {
                    new.0 = None;
                }
                // While the file is held: afterwards another export's may stand there.
                drop(new);
                drop(out);
                done.map_err(|error| broken(&path, &error))
            }
        }
    }
}

fn broken(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("`{}` can't be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn the_file_is_there_when_all_of_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("all.jsonl");
        let mut sink = Sink::open(Some(&path)).expect("opens");
        sink.line("a").expect("written");
        assert!(!path.exists());
        assert!(Sink::open(Some(folder.path())).is_err(), "a folder");
        drop(sink);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);

        let mut sink = Sink::open(Some(&path)).expect("opens");
        sink.line("a").expect("written");
        sink.line("b").expect("written");
        sink.close().expect("whole");
        assert_eq!(fs::read_to_string(&path).expect("text"), "a\nb\n");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_others_reach_is_not_written_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("all.jsonl"), folder.path().join("other"));
        fs::write(&other, "somebody's").expect("is written");
        let left = folder.path().join(format!("all.jsonl{UNFINISHED}"));
        fs::hard_link(&other, &left).expect("is linked");
        assert!(Sink::open(Some(&path)).is_err(), "has another name");
        assert_eq!(fs::read_to_string(&other).expect("text"), "somebody's");
        fs::remove_file(&left).expect("is removed");
        // Who opened what was left before does not see what comes.
        fs::write(&left, "half").expect("is written");
        let mut opened = File::open(&left).expect("opens");
        let mut sink = Sink::open(Some(&path)).expect("opens");
        sink.line("a").expect("written");
        sink.close().expect("whole");
        let mut seen = String::new();
        std::io::Read::read_to_string(&mut opened, &mut seen).expect("text");
        assert_eq!(seen, "half");
    }

    #[test]
    fn what_a_killed_export_left_is_replaced_by_the_next_and_by_one_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("all.jsonl");
        let left = folder.path().join(format!("all.jsonl{UNFINISHED}"));
        fs::write(&left, "half of an export that was longer").expect("is written");
        fs::set_permissions(&left, Permissions::from_mode(0o644)).expect("are set");
        let mut sink = Sink::open(Some(&path)).expect("opens");
        let mode = fs::metadata(&left).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Sink::open(Some(&path)).is_err(), "is held");
        sink.line("a").expect("written");
        sink.close().expect("whole");
        assert_eq!(fs::read_to_string(&path).expect("text"), "a\n");
        assert!(!left.exists());
    }
}

//! Where an export goes: stdout, or a file that is there when all of it is.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::Failure;

/// Takes lines.
pub(super) enum Sink {
    Stdout(BufWriter<std::io::Stdout>),
    File {
        out: BufWriter<File>,
        /// Removed with everything in it where the export fails.
        new: Temporary,
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
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let new = PathBuf::from(name);
        let out = match OpenOptions::new()
            .write(true)
            .create_new(true)
            // It holds hashes.
            .mode(0o600)
            .open(&new)
        {
            Ok(out) => out,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(Failure::new(format!(
                    "`{}` is left of an export that was ended: remove it",
                    new.display()
                )));
            }
            Err(error) => return Err(broken(path, &error)),
        };
        Ok(Self::File {
            out: BufWriter::with_capacity(256 * 1024, out),
            new: Temporary(Some(new)),
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
            Self::File { out, mut new, path } => {
                let whole = || -> std::io::Result<()> {
                    let file = out
                        .into_inner()
                        .map_err(std::io::IntoInnerError::into_error)?;
                    file.sync_all()?;
                    if let Some(new) = &new.0 {
                        fs::rename(new, &path)?;
                    }
                    Ok(())
                };
                whole().map_err(|error| broken(&path, &error))?;
                new.0 = None;
                Ok(())
            }
        }
    }
}

fn broken(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("`{}` can't be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_file_is_there_when_all_of_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("all.jsonl");
        let mut sink = Sink::open(Some(&path)).expect("opens");
        sink.line("a").expect("written");
        assert!(!path.exists());
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
}

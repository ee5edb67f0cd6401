//! The file that is imported, or stdin.

use std::{
    fs::{File, Metadata},
    io::{BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::Failure;

/// How much is read at a time, in bytes.
const CHUNK: usize = 64 * 1024;

/// Where rows come from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    path: Option<PathBuf>,
    /// In bytes; `None` for stdin.
    pub(super) length: Option<u64>,
    state: Option<State>,
    /// How many bytes were read.
    pub(super) read: Arc<AtomicU64>,
}

/// What tells that a file was changed.
type State = (u64, Option<std::time::SystemTime>);

impl Source {
    /// The file of this name; `-` is stdin.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let path = Some(path).filter(|path| path.as_os_str() != "-");
        let state = path.map(state).transpose()?;
        Ok(Self {
            path: path.map(Path::to_owned),
            length: state.map(|(length, _)| length),
            state,
            read: Arc::default(),
        })
    }

    /// Its path; `None` for stdin.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// As messages name it.
    pub(super) fn name(&self) -> String {
        match &self.path {
            Some(path) => format!("`{}`", path.display()),
            None => "stdin".to_owned(),
        }
    }

    /// What it holds, from the beginning.
    pub(super) fn reader(&self) -> Result<BufReader<Counted>, Failure> {
        let inner: Box<dyn Read + Send> = match &self.path {
            Some(path) => Box::new(File::open(path).map_err(|error| unreadable(path, &error))?),
            None => Box::new(std::io::stdin()),
        };
        self.read.store(0, Ordering::Relaxed);
        let read = Arc::clone(&self.read);
        Ok(BufReader::with_capacity(CHUNK, Counted { inner, read }))
    }

    /// Fails where the file is not what it was when it was opened.
    pub(super) fn check_unchanged(&self) -> Result<(), Failure> {
        match &self.path {
            Some(path) if Some(state(path)?) != self.state => Err(Failure::new(format!(
                "`{}` was changed while it was being imported; rows of what it was before are in, \
                 and importing it as it is now is another import",
                path.display()
            ))),
            _ => Ok(()),
        }
    }
}

fn state(path: &Path) -> Result<State, Failure> {
    let metadata: Metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(Failure::new(format!(
            "`{}` is not a file; what comes by a pipe can be read from stdin, `-`",
            path.display()
        )));
    }
    Ok((metadata.len(), metadata.modified().ok()))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("`{}` can't be read: {error}", path.display()))
}

/// A reader that counts.
pub(super) struct Counted {
    inner: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read
            .fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        Ok(count)
    }
}

//! Files that one run of a command writes alone: opened, locked, and on disk under their names.

use std::{
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

/// How often a file is opened anew that another run removed or renamed meanwhile.
const TRIES: u32 = 16;

/// A file that this run holds alone.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) file: File,
    /// Whether it was not there before.
    pub(crate) made: bool,
}

/// Opens the file at this path, a new one where there is none, and locks it; `None` where another run holds it. What is
/// in it is left as it is, and so are the permissions of one that is there. A link is not followed: it could lead to
/// anything.
///
/// # Errors
/// When it can't be opened, is no file, is another user's, has another name, or is never the one that stands at the path.
pub(crate) fn hold(path: &Path) -> io::Result<Option<Held>> {
    for _ in 0..TRIES {
        let (file, made) = match open(path, true) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match open(path, false) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => (opened?, false),
            },
            made => (made?, true),
        };
        let held = file.metadata()?;
        if !held.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        // What is written to it is its owner's to read, and of all who reach it by another name.
        if !made && held.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other("it belongs to another user"));
        }
        if held.nlink() > 1 {
            return Err(io::Error::other("it has another name, too (a hard link)"));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Between the opening and the lock another run may have removed or renamed what it held.
        if is_at(&held, path)? {
            sync_folder(path)?;
            return Ok(Some(Held { file, made }));
        }
    }
    Err(io::Error::other("others keep replacing it"))
}

/// As [`hold`], always a new file: one that is there is removed, so that nobody has it open.
///
/// # Errors
/// As [`hold`], and when what is there can't be removed.
pub(crate) fn hold_new(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES {
        match hold(path)? {
            None => return Ok(None),
            Some(Held { file, made: true }) => return Ok(Some(file)),
            Some(Held { file, made: false }) => remove(&file, path)?,
        }
    }
    Err(io::Error::other("others keep replacing it"))
}

/// Opens the file to read and write: one that is not there, or one that is.
fn open(path: &Path, new: bool) -> io::Result<File> {
    OpenOptions::new()
        .create_new(new)
        .read(true)
        .write(true)
        // What identities hold is nobody else's.
        .mode(0o600)
        // A pipe that nobody reads would be waited for.
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}

/// Whether the file stands at this path.
fn is_at(file: &Metadata, path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (file.dev(), file.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the file from this path, if it is the one that stands there.
///
/// # Errors
/// When it can't be removed.
pub(crate) fn remove(file: &File, path: &Path) -> io::Result<()> {
    if is_at(&file.metadata()?, path)? {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Brings the names in the path's folder to disk, so that a file that was made or renamed is there after a power cut.
///
/// # Errors
/// When the folder can't be opened or synchronised.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_held_by_one_at_a_time_and_at_its_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        let first = hold(&path).expect("opens").expect("is free");
        assert!(hold(&path).expect("opens").is_none(), "is held");
        // Another one stands at the path by now: that is left alone.
        fs::rename(&path, folder.path().join("b")).expect("is renamed");
        let second = hold(&path).expect("opens").expect("is another one");
        remove(&first.file, &path).expect("is not there");
        assert!(path.exists());
        remove(&second.file, &path).expect("is removed");
        assert!(!path.exists());
    }

    #[test]
    fn a_new_file_takes_the_place_of_what_was_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        fs::write(&path, "left").expect("is written");
        let mut open_before = File::open(&path).expect("opens");
        let held = hold_new(&path).expect("opens").expect("is free");
        assert!(hold_new(&path).expect("opens").is_none(), "is held");
        io::Write::write_all(&mut &held, b"secret").expect("is written");
        let mut read = String::new();
        io::Read::read_to_string(&mut open_before, &mut read).expect("is read");
        assert_eq!(read, "left");
        assert_eq!(fs::read_to_string(&path).expect("is read"), "secret");
    }

    #[test]
    fn a_file_that_others_reach_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&other, "somebody's").expect("is written");
        fs::hard_link(&other, &path).expect("is linked");
        for refused in [hold(&path).map(drop), hold_new(&path).map(drop)] {
            let error = refused.expect_err("has another name").to_string();
            assert!(error.contains("another name"), "{error}");
        }
        assert_eq!(fs::read_to_string(&other).expect("is read"), "somebody's");
        // Of another user, where this one may make such a file.
        fs::remove_file(&path).expect("is removed");
        fs::write(&path, "").expect("is written");
        if std::os::unix::fs::chown(&path, Some(65_534), None).is_ok() {
            let error = hold(&path).expect_err("is another's").to_string();
            assert!(error.contains("another user"), "{error}");
            hold_new(&path).expect_err("is another's");
        }
    }

    #[test]
    fn links_and_what_is_no_file_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (link, there) = (folder.path().join("link"), folder.path().join("there"));
        fs::write(&there, "somebody's").expect("is written");
        symlink(&there, &link).expect("is linked");
        hold(&link).expect_err("is a link");
        symlink(folder.path().join("new"), folder.path().join("dangling")).expect("is linked");
        hold(&folder.path().join("dangling")).expect_err("is a link");
        assert!(!folder.path().join("new").exists());
        hold(folder.path()).expect_err("is a folder");
    }
}

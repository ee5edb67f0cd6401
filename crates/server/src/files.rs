//! Files that one run of a command writes alone: opened, locked, and on disk under their names.

use std::{
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

/// How often a file is opened anew that another run removed or renamed meanwhile.
const TRIES: u32 = 16;

/// Opens the file at this path, a new one where there is none, and locks it; `None` where another run holds it. What is
/// in it is left as it is, and so are the permissions of one that is there. A link is not followed: it could lead to
/// anything.
///
/// # Errors
/// When it can't be opened, is no file, or is never the one that stands at the path.
pub(crate) fn hold(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            // What identities hold is nobody else's.
            .mode(0o600)
            // A pipe that nobody reads would be waited for.
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(path)?;
        let held = file.metadata()?;
        if !held.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Between the opening and the lock another run may have removed or renamed what it held.
        if is_at(&held, path)? {
            sync_folder(path)?;
            return Ok(Some(file));
        }
    }
    Err(io::Error::other("others keep replacing it"))
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
        remove(&first, &path).expect("is not there");
        assert!(path.exists());
        remove(&second, &path).expect("is removed");
        assert!(!path.exists());
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

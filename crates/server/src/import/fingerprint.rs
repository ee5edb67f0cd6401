//! What tells one import from another: the file, and everything that changes what a row of it becomes.

use std::io::Read as _;

use sha2::{Digest as _, Sha256};

use super::{Options, source::Source};
use crate::Failure;

/// The fingerprint; `None` for stdin, which can't be read twice.
pub(super) fn of(
    options: &Options,
    mapping: &[u8],
    source: &Source,
) -> Result<Option<[u8; 32]>, Failure> {
    if source.path().is_none() {
        return Ok(None);
    }
    let mut content = Sha256::new();
    let mut reader = source.reader()?.into_inner();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = reader
            .read(&mut buffer)
            .map_err(|error| Failure::new(format!("{} can't be read: {error}", source.name())))?;
        match buffer.get(..count) {
            Some([]) | None => break,
            Some(read) => content.update(read),
        }
    }
    let mut all = Sha256::new();
    all.update(b"palisade import 1\0");
    all.update(options.format.as_str());
    all.update([0, u8::from(options.keep_ids)]);
    for part in [
        options.schema.as_deref().unwrap_or_default().as_bytes(),
        mapping,
    ] {
        all.update(Sha256::digest(part));
    }
    all.update(content.finalize());
    Ok(Some(all.finalize().into()))
}

//! Password hashes: the one that we make, and the formats that are recognised in imports.
//!
//! Recognising looks at form and declared cost only, before any work is done: a hash that would take too much memory
//! or time to check is never taken in.

mod format;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, Version, password_hash::phc::PasswordHash,
};
use palisade_envelope::{Code, Error, Result};

pub use format::recognise;

/// Memory of our own hashes, in KiB.
const MEMORY: u32 = 19_456;
/// Passes of our own hashes.
const PASSES: u32 = 2;
/// Lanes of our own hashes.
const LANES: u32 = 1;

/// Hashes a password with argon2id (m=19456 KiB, t=2, p=1) to a PHC string. Takes about 20 ms and 19 MiB: call it
/// off the async threads, only so many at a time.
///
/// # Errors
/// `internal` when memory is short.
pub fn argon2id(plain: &str, salt: [u8; 16]) -> Result<String> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(Error::internal)?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash = hasher
        .hash_password_with_salt(plain.as_bytes(), &salt)
        .map_err(Error::internal)?;
    Ok(hash.to_string())
}

/// Why a hash is not taken in. It never holds the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Of no format that is known.
    Unknown,
    /// Of a known format, but broken.
    Broken,
    /// Its cost is out of bounds: the bounds.
    TooCostly(&'static str),
}

impl Refusal {
    /// 400 for the field that held the hash.
    pub fn error(self, field: &str) -> Error {
        let (message, expected) = match self {
            Self::Unknown => (
                "the imported password does not match any known hash format",
                "a hash such as `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>` or `$2b$12$<salt and hash>`",
            ),
            Self::Broken => (
                "the imported password hash could not be parsed",
                "a complete hash of its format",
            ),
            Self::TooCostly(bounds) => (
                "the imported password hash declares cost parameters out of bounds",
                bounds,
            ),
        };
        Error::with_message(Code::InvalidRequest, message)
            .detail("field", field)
            .detail("expected", expected)
    }
}

#[cfg(test)]
mod tests;

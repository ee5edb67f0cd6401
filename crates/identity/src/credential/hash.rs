//! Password hashes: the one that we make, and those that can be imported, one file a family.
//!
//! Reading one ([`Hash::parse`]) looks at its form and its declared cost only, before any work is done: a hash that would
//! take too much memory or time to check is never taken in, and never checked.

mod argon2;
mod bcrypt;
mod crypt;
mod digest;
mod firescrypt;
mod hmac;
mod pbkdf2;
mod scrypt;
mod ssha;
mod text;

use ::argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, Version, password_hash::phc::PasswordHash,
};
use palisade_envelope::{Code, Error, Result};

/// Memory of our own hashes, in KiB.
const MEMORY: u32 = 19_456;
/// Passes of our own hashes.
const PASSES: u32 = 2;
/// Lanes of our own hashes.
const LANES: u32 = 1;

/// The longest hash of any format, in bytes.
const MAX_HASH: usize = 4096;
/// The longest password, in bytes. Nobody types more, and some families take longer for longer ones.
pub const MAX_PASSWORD: usize = 4096;

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

/// A hash in one of the known formats, complete and within the bounds of cost. `Debug` hides it.
pub struct Hash(Family);

enum Family {
    Argon2(argon2::Hash),
    Bcrypt(bcrypt::Hash),
    Crypt(crypt::Hash),
    Digest(digest::Hash),
    Firescrypt(firescrypt::Hash),
    Hmac(hmac::Hash),
    Pbkdf2(pbkdf2::Hash),
    Scrypt(scrypt::Hash),
    Ssha(ssha::Hash),
}

impl Hash {
    /// Reads a hash.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAX_HASH {
            return Err(Refusal::Broken);
        }
        // Every format is ASCII; what is not can't be cut at arbitrary places either.
        if !text.is_ascii() {
            return Err(Refusal::Unknown);
        }
        if let Some(ssha) = ssha::Hash::parse(text) {
            return ssha.map(Family::Ssha).map(Self);
        }
        let Some((family, rest)) = text.strip_prefix('$').and_then(|rest| rest.split_once('$'))
        else {
            return Err(Refusal::Unknown);
        };
        let parts: Vec<&str> = rest.split('$').collect();
        let parts = parts.as_slice();
        let crypt = |function| crypt::Hash::parse(function, parts).map(Family::Crypt);
        let digest = |function| digest::Hash::parse(function, parts).map(Family::Digest);
        let argon2 = |algorithm| argon2::Hash::parse(algorithm, parts).map(Family::Argon2);
        let family = match family {
            "argon2id" => argon2(Algorithm::Argon2id),
            "argon2i" => argon2(Algorithm::Argon2i),
            "2" | "2a" | "2b" | "2y" | "2z" => bcrypt::Hash::parse(parts).map(Family::Bcrypt),
            "scrypt" => scrypt::Hash::parse(parts).map(Family::Scrypt),
            "firescrypt" => firescrypt::Hash::parse(parts).map(Family::Firescrypt),
            "md5-crypt" => crypt(crypt::Function::Md5),
            "sha256-crypt" => crypt(crypt::Function::Sha256),
            "sha512-crypt" => crypt(crypt::Function::Sha512),
            "md5" => digest(digest::Function::Md5),
            "sha1" => digest(digest::Function::Sha1),
            "sha256" => digest(digest::Function::Sha256),
            "sha512" => digest(digest::Function::Sha512),
            _ => match (
                family.strip_prefix("pbkdf2-sha"),
                family.strip_prefix("hmac-"),
            ) {
                (Some(function), _) => pbkdf2::Hash::parse(function, parts).map(Family::Pbkdf2),
                (None, Some(function)) => hmac::Hash::parse(function, parts).map(Family::Hmac),
                (None, None) => Err(Refusal::Unknown),
            },
        };
        family.map(Self)
    }

    /// Whether this is the password. Compares in constant time; takes as long as the hash's parameters ask for, so
    /// call it off the async threads, only so many at a time.
    pub fn verify(&self, password: &str) -> bool {
        let password = password.as_bytes();
        match &self.0 {
            Family::Argon2(hash) => hash.verify(password),
            Family::Bcrypt(hash) => hash.verify(password),
            Family::Crypt(hash) => hash.verify(password),
            Family::Digest(hash) => hash.verify(password),
            Family::Firescrypt(hash) => hash.verify(password),
            Family::Hmac(hash) => hash.verify(password),
            Family::Pbkdf2(hash) => hash.verify(password),
            Family::Scrypt(hash) => hash.verify(password),
            Family::Ssha(hash) => hash.verify(password),
        }
    }

    /// Whether it is at least as good as one that [`argon2id`] makes.
    pub fn is_strong(&self) -> bool {
        matches!(&self.0, Family::Argon2(hash) if hash.is_strong())
    }

    /// Whether checking it takes much more memory or time than one of our own: only one such at a time.
    pub fn is_heavy(&self) -> bool {
        match &self.0 {
            Family::Argon2(hash) => hash.is_heavy(),
            Family::Bcrypt(hash) => hash.is_heavy(),
            Family::Crypt(hash) => hash.is_heavy(),
            Family::Firescrypt(hash) => hash.is_heavy(),
            Family::Pbkdf2(hash) => hash.is_heavy(),
            Family::Scrypt(hash) => hash.is_heavy(),
            Family::Digest(_) | Family::Hmac(_) | Family::Ssha(_) => false,
        }
    }

    /// Whether a hash of another family may take its place once this password fits it. bcrypt does not look at what is
    /// behind 71 bytes; a hash of all of it would shut out who types another end.
    fn may_be_replaced_by(&self, password: &str) -> bool {
        match &self.0 {
            Family::Bcrypt(_) => bcrypt::Hash::looks_at_all_of(password.as_bytes()),
            _ => true,
        }
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hash(..)")
    }
}

/// Checks that the text is a hash in one of the known formats, complete and within the bounds of cost.
///
/// # Errors
/// What is wrong with it.
pub fn recognise(hash: &str) -> Result<(), Refusal> {
    Hash::parse(hash).map(drop)
}

/// What came of checking a password.
pub struct Checked {
    /// Whether it is the one.
    pub verified: bool,
    /// A hash of it by [`argon2id`], to take the place of a weaker one.
    pub rehashed: Option<String>,
}

/// Checks a password against the hash that is kept, if one is.
///
/// Right or wrong, and also without a hash, one computation of [`argon2id`] is made, besides what a kept hash of another
/// family takes itself: the time does not tell whether there is a password, nor whether a cheap hash of it is kept. `salt`
/// must be fresh.
///
/// # Errors
/// `internal` when memory is short.
pub fn check(password: &str, kept: Option<&Hash>, salt: [u8; 16]) -> Result<Checked> {
    let verified = kept.is_some_and(|kept| kept.verify(password)) && !password.is_empty();
    if kept.is_some_and(Hash::is_strong) {
        return Ok(Checked {
            verified,
            rehashed: None,
        });
    }
    let hash = std::hint::black_box(argon2id(password, salt)?);
    let replaced = verified && kept.is_some_and(|kept| kept.may_be_replaced_by(password));
    Ok(Checked {
        verified,
        rehashed: replaced.then_some(hash),
    })
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
    /// 400 for the field that held the hash. The sentences are Ory's as far as its clients know them.
    pub fn error(self, field: &str) -> Error {
        let (message, expected) = match self {
            Self::Unknown => (
                "The imported password does not match any known hash format.".to_owned(),
                "a hash such as `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>` or `$2b$12$<salt and hash>`",
            ),
            Self::Broken => (
                "The imported password hash could not be parsed.".to_owned(),
                "a complete hash of its format",
            ),
            Self::TooCostly(bounds) => (
                format!(
                    "The imported password hash declares cost parameters that exceed the bounds: expected {bounds}"
                ),
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

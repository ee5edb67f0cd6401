//! `$pbkdf2-sha256$i=<iterations>,l=<length>$<salt>$<hash>`, also with sha1, sha224, sha384 and sha512 (RFC 8018).
//!
//! The length is the one of the hash itself: what `l` says is in bits with some and in bytes with others.

use ::pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use super::{
    Refusal,
    text::{bare, bound, check, numbers},
};

/// The most iterations of all blocks of the hash together.
const MOST_WORK: u64 = 40_000_000;

#[derive(Clone, Copy)]
enum Function {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

pub(super) struct Hash {
    function: Function,
    iterations: u32,
    work: u64,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Hash {
    /// `function` is what stands behind `pbkdf2-sha`.
    pub(super) fn parse(function: &str, parts: &[&str]) -> Result<Self, Refusal> {
        let (function, block) = match function {
            "1" => (Function::Sha1, 20),
            "224" => (Function::Sha224, 28),
            "256" => (Function::Sha256, 32),
            "384" => (Function::Sha384, 48),
            "512" => (Function::Sha512, 64),
            _ => return Err(Refusal::Broken),
        };
        let [params, salt, digest] = parts else {
            return Err(Refusal::Broken);
        };
        let [iterations, length] = numbers(params, ["i", "l"])?;
        bound(
            (1..=10_000_000).contains(&iterations),
            "pbkdf2 with i from 1 to 10000000",
        )?;
        bound((1..=1024).contains(&length), "pbkdf2 with l from 1 to 1024")?;
        let (salt, digest) = (bare(salt)?, bare(digest)?);
        check((16..=1024).contains(&digest.len()))?;
        let blocks = u64::try_from(digest.len().div_ceil(block)).unwrap_or(u64::MAX);
        let work = blocks.saturating_mul(iterations.into());
        bound(
            work <= MOST_WORK,
            "pbkdf2 with at most 40000000 iterations for all blocks of the hash together",
        )?;
        Ok(Self {
            function,
            iterations,
            work,
            salt,
            digest,
        })
    }

    pub(super) const fn is_heavy(&self) -> bool {
        self.work > 1_000_000
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut digest = vec![0; self.digest.len()];
        let (salt, rounds, out) = (&self.salt, self.iterations, &mut digest);
        match self.function {
            Function::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, rounds, out),
            Function::Sha224 => pbkdf2_hmac::<Sha224>(password, salt, rounds, out),
            Function::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, rounds, out),
            Function::Sha384 => pbkdf2_hmac::<Sha384>(password, salt, rounds, out),
            Function::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, rounds, out),
        }
        digest.ct_eq(&self.digest).into()
    }
}

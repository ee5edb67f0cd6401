//! `$scrypt$ln=<N>,r=<r>,p=<p>$<salt>$<hash>` (RFC 7914). `ln` holds the cost itself here, not its logarithm.

use ::scrypt::{Params, scrypt};
use subtle::ConstantTimeEq as _;

use super::{
    Refusal,
    text::{bound, bytes, check, numbers},
};

pub(super) struct Hash {
    params: Params,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Hash {
    pub(super) fn parse(parts: &[&str]) -> Result<Self, Refusal> {
        const BOUNDS: &str =
            "scrypt with ln a power of two up to 131072, r from 1 to 8, p from 1 to 10";
        let [params, salt, digest] = parts else {
            return Err(Refusal::Broken);
        };
        let [n, r, p] = numbers(params, ["ln", "r", "p"])?;
        let bounded = n.is_power_of_two()
            && (2..=131_072).contains(&n)
            && (1..=8).contains(&r)
            && (1..=10).contains(&p);
        bound(bounded, BOUNDS)?;
        let params = parameters(n.trailing_zeros(), r, p).ok_or(Refusal::TooCostly(BOUNDS))?;
        let (salt, digest) = (bytes(salt)?, bytes(digest)?);
        check((16..=256).contains(&digest.len()))?;
        Ok(Self {
            params,
            salt,
            digest,
        })
    }

    pub(super) fn is_heavy(&self) -> bool {
        is_heavy(&self.params)
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut digest = vec![0; self.digest.len()];
        scrypt(password, &self.salt, &self.params, &mut digest).is_ok()
            && digest.ct_eq(&self.digest).into()
    }
}

pub(super) fn parameters(log_n: u32, r: u32, p: u32) -> Option<Params> {
    Params::new(u8::try_from(log_n).ok()?, r, p).ok()
}

pub(super) fn is_heavy(params: &Params) -> bool {
    // Each unit is 128 bytes of memory that are gone through once.
    params.n() * u64::from(params.r()) * u64::from(params.p()) > 524_288
}

//! `$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>`, and the same with `argon2i` (RFC 9106).

use ::argon2::{Algorithm, Argon2, MIN_SALT_LEN, Params, Version};
use subtle::ConstantTimeEq as _;

use super::{
    LANES, MEMORY, PASSES, Refusal,
    text::{bare, bound, check, numbers},
};

pub(super) struct Hash {
    algorithm: Algorithm,
    params: Params,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Hash {
    pub(super) fn parse(algorithm: Algorithm, parts: &[&str]) -> Result<Self, Refusal> {
        const BOUNDS: &str = "argon2 with m from 1 to 1048576 KiB and at least 8 times p, t from 1 to 10, p from 1 to 16";
        let ["v=19", params, salt, digest] = parts else {
            return Err(Refusal::Broken);
        };
        let [m, t, p] = numbers(params, ["m", "t", "p"])?;
        let bounded =
            (1..=1_048_576).contains(&m) && (1..=10).contains(&t) && (1..=16).contains(&p);
        bound(bounded && m >= 8 * p, BOUNDS)?;
        let (salt, digest) = (bare(salt)?, bare(digest)?);
        check(salt.len() >= MIN_SALT_LEN && (4..=512).contains(&digest.len()))?;
        let params =
            Params::new(m, t, p, Some(digest.len())).map_err(|_| Refusal::TooCostly(BOUNDS))?;
        Ok(Self {
            algorithm,
            params,
            salt,
            digest,
        })
    }

    /// Whether it is as good as one of our own.
    pub(super) fn is_strong(&self) -> bool {
        self.algorithm == Algorithm::Argon2id
            && self.params.m_cost() >= MEMORY
            && self.params.t_cost() >= PASSES
            && self.params.p_cost() >= LANES
            && self.digest.len() >= 32
    }

    pub(super) fn is_heavy(&self) -> bool {
        self.params.m_cost() > 65_536 || self.params.m_cost() * self.params.t_cost() > 262_144
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let hasher = Argon2::new(self.algorithm, Version::V0x13, self.params.clone());
        let mut digest = vec![0; self.digest.len()];
        hasher
            .hash_password_into(password, &self.salt, &mut digest)
            .is_ok()
            && digest.ct_eq(&self.digest).into()
    }
}

//! `$firescrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<hash>$<salt separator>$<signer key>`: Firebase's scrypt, in which the
//! derived key encrypts the project's signer key.

use ::scrypt::{Params, scrypt};
use aes::Aes256;
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit as _, StreamCipher as _},
};
use subtle::ConstantTimeEq as _;

use super::{
    Refusal,
    scrypt::{is_heavy, parameters},
    text::{bound, bytes, check, numbers},
};

pub(super) struct Hash {
    params: Params,
    /// With the separator behind it.
    salt: Vec<u8>,
    digest: Vec<u8>,
    signer_key: Vec<u8>,
}

impl Hash {
    pub(super) fn parse(parts: &[&str]) -> Result<Self, Refusal> {
        const BOUNDS: &str = "firescrypt with ln from 1 to 17, r from 1 to 8, p from 1 to 10";
        let [params, salt, digest, separator, key] = parts else {
            return Err(Refusal::Broken);
        };
        let [ln, r, p] = numbers(params, ["ln", "r", "p"])?;
        let bounded = (1..=17).contains(&ln) && (1..=8).contains(&r) && (1..=10).contains(&p);
        bound(bounded, BOUNDS)?;
        let params = parameters(ln, r, p).ok_or(Refusal::TooCostly(BOUNDS))?;
        let (mut salt, digest, signer_key) = (bytes(salt)?, bytes(digest)?, bytes(key)?);
        salt.extend(bytes(separator)?);
        check(digest.len() >= 4 && digest.len() == signer_key.len())?;
        Ok(Self {
            params,
            salt,
            digest,
            signer_key,
        })
    }

    pub(super) fn is_heavy(&self) -> bool {
        is_heavy(&self.params)
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut key = [0; 32];
        if scrypt(password, &self.salt, &self.params, &mut key).is_err() {
            return false;
        }
        let Ok(mut cipher) = Ctr128BE::<Aes256>::new_from_slices(&key, &[0; 16]) else {
            return false;
        };
        let mut digest = self.signer_key.clone();
        cipher.apply_keystream(&mut digest);
        digest.ct_eq(&self.digest).into()
    }
}

//! `$sha256-crypt$[rounds=<n>$]<salt>$<hash>`, `$sha512-crypt$...` and `$md5-crypt$<salt>$<hash>`: what `crypt(3)` writes
//! as `$5$`, `$6$` and `$1$`.

use md5::{Digest as _, Md5};
use sha_crypt::{Params, sha256_crypt, sha512_crypt};
use subtle::ConstantTimeEq as _;

use super::{
    Refusal,
    text::{bound, check},
};

/// The longest password, in bytes, as the C library has it: the work grows with each.
const LONGEST_PASSWORD: usize = 512;
/// Where none are named.
const ROUNDS: u32 = 5_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Md5,
    Sha256,
    Sha512,
}

pub(super) struct Hash {
    function: Function,
    rounds: u32,
    salt: String,
    /// In the alphabet of `crypt(3)`.
    digest: String,
}

impl Hash {
    pub(super) fn parse(function: Function, parts: &[&str]) -> Result<Self, Refusal> {
        let (rounds, rest) = match parts {
            [rounds, rest @ ..] if function != Function::Md5 && rounds.starts_with("rounds=") => {
                (rounds.strip_prefix("rounds="), rest)
            }
            rest => (None, rest),
        };
        let rounds = match rounds {
            None => ROUNDS,
            Some(digits) => {
                check(!digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit()))?;
                // What does not fit is out of bounds.
                digits.parse().unwrap_or(u32::MAX)
            }
        };
        bound(
            (1_000..=1_000_000).contains(&rounds),
            "rounds from 1000 to 1000000",
        )?;
        let [salt, digest] = rest else {
            return Err(Refusal::Broken);
        };
        let (longest_salt, length) = match function {
            Function::Md5 => (8, 22),
            Function::Sha256 => (16, 43),
            Function::Sha512 => (16, 86),
        };
        check(salt.len() <= longest_salt && digest.len() == length)?;
        check(digest.bytes().all(|c| ALPHABET.contains(&c)))?;
        Ok(Self {
            function,
            rounds,
            salt: (*salt).to_owned(),
            digest: (*digest).to_owned(),
        })
    }

    pub(super) const fn is_heavy(&self) -> bool {
        self.rounds > 200_000
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        if password.len() > LONGEST_PASSWORD {
            return false;
        }
        let salt = self.salt.as_bytes();
        let Ok(params) = Params::new(self.rounds) else {
            return false;
        };
        let digest = match self.function {
            Function::Md5 => written(&md5_crypt(password, salt), &MD5_ORDER),
            Function::Sha256 => written(&sha256_crypt(password, salt, params), &SHA256_ORDER),
            Function::Sha512 => written(&sha512_crypt(password, salt, params), &SHA512_ORDER),
        };
        digest.as_slice().ct_eq(self.digest.as_bytes()).into()
    }
}

/// The algorithm of FreeBSD's `$1$`.
fn md5_crypt(password: &[u8], salt: &[u8]) -> [u8; 16] {
    let alternate: [u8; 16] = Md5::new()
        .chain_update(password)
        .chain_update(salt)
        .chain_update(password)
        .finalize()
        .into();
    let mut first = Md5::new()
        .chain_update(password)
        .chain_update(b"$1$")
        .chain_update(salt);
    first.update(
        alternate
            .iter()
            .copied()
            .cycle()
            .take(password.len())
            .collect::<Vec<u8>>(),
    );
    let mut length = password.len();
    while length > 0 {
        match password.first() {
            Some(letter) if length & 1 == 0 => first.update([*letter]),
            _ => first.update([0]),
        }
        length >>= 1;
    }
    let mut digest: [u8; 16] = first.finalize().into();
    for round in 0..1_000 {
        let mut next = Md5::new();
        let odd = round & 1 == 1;
        if odd {
            next.update(password);
        } else {
            next.update(digest);
        }
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        if odd {
            next.update(digest);
        } else {
            next.update(password);
        }
        digest = next.finalize().into();
    }
    digest
}

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The orders in which the bytes of the digests are written, three to four characters.
const MD5_ORDER: [usize; 16] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];
const SHA256_ORDER: [usize; 32] = [
    20, 10, 0, 11, 1, 21, 2, 22, 12, 23, 13, 3, 14, 4, 24, 5, 25, 15, 26, 16, 6, 17, 7, 27, 8, 28,
    18, 29, 19, 9, 30, 31,
];
const SHA512_ORDER: [usize; 64] = [
    42, 21, 0, 1, 43, 22, 23, 2, 44, 45, 24, 3, 4, 46, 25, 26, 5, 47, 48, 27, 6, 7, 49, 28, 29, 8,
    50, 51, 30, 9, 10, 52, 31, 32, 11, 53, 54, 33, 12, 13, 55, 34, 35, 14, 56, 57, 36, 15, 16, 58,
    37, 38, 17, 59, 60, 39, 18, 19, 61, 40, 41, 20, 62, 63,
];

fn written(digest: &[u8], order: &[usize]) -> Vec<u8> {
    let ordered: Vec<u8> = order
        .iter()
        .filter_map(|place| digest.get(*place).copied())
        .collect();
    let mut text = Vec::with_capacity(ordered.len().div_ceil(3) * 4);
    for three in ordered.chunks(3) {
        // The lowest six bits first.
        let mut bits = three
            .iter()
            .rev()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for _ in 0..=three.len() {
            let place = usize::try_from(bits & 63).unwrap_or_default();
            text.extend(ALPHABET.get(place));
            bits >>= 6;
        }
    }
    text
}

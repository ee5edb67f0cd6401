//! `$hmac-sha256$<Base64 of the hash in hexadecimal>$<Base64 of the key>` (RFC 2104), also with md4, md5, sha1, sha224,
//! sha384 and sha512.

use ::hmac::{Hmac, KeyInit, Mac};
use md4::Md4;
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use super::{
    Refusal,
    text::{bytes, check},
};

#[derive(Clone, Copy)]
enum Function {
    Md4,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

pub(super) struct Hash {
    function: Function,
    key: Vec<u8>,
    digest: Vec<u8>,
}

impl Hash {
    /// `function` is what stands behind `hmac-`.
    pub(super) fn parse(function: &str, parts: &[&str]) -> Result<Self, Refusal> {
        let (function, length) = match function {
            "md4" => (Function::Md4, 16),
            "md5" => (Function::Md5, 16),
            "sha1" => (Function::Sha1, 20),
            "sha224" => (Function::Sha224, 28),
            "sha256" => (Function::Sha256, 32),
            "sha384" => (Function::Sha384, 48),
            "sha512" => (Function::Sha512, 64),
            _ => return Err(Refusal::Unknown),
        };
        let [digest, key] = parts else {
            return Err(Refusal::Broken);
        };
        let digest = hexadecimal(&bytes(digest)?).ok_or(Refusal::Broken)?;
        check(digest.len() == length)?;
        Ok(Self {
            function,
            key: bytes(key)?,
            digest,
        })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let key = &self.key;
        let digest = match self.function {
            Function::Md4 => mac::<Hmac<Md4>>(key, password),
            Function::Md5 => mac::<Hmac<Md5>>(key, password),
            Function::Sha1 => mac::<Hmac<Sha1>>(key, password),
            Function::Sha224 => mac::<Hmac<Sha224>>(key, password),
            Function::Sha256 => mac::<Hmac<Sha256>>(key, password),
            Function::Sha384 => mac::<Hmac<Sha384>>(key, password),
            Function::Sha512 => mac::<Hmac<Sha512>>(key, password),
        };
        digest.is_some_and(|digest| digest.ct_eq(&self.digest).into())
    }
}

/// An HMAC takes a key of any length, so there always is one.
fn mac<M: Mac + KeyInit>(key: &[u8], password: &[u8]) -> Option<Vec<u8>> {
    let mac = <M as KeyInit>::new_from_slice(key).ok()?;
    Some(mac.chain_update(password).finalize().into_bytes().to_vec())
}

fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    text.chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

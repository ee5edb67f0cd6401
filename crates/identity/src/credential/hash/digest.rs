//! `$sha256$pf=<format>$<salt>$<hash>`, also with sha1, sha512 and md5, and `$md5$<hash>`: one digest over what the
//! format says, in which `{SALT}` and `{PASSWORD}` stand for the two.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use super::{
    Refusal,
    text::{bytes, check},
};

#[derive(Clone, Copy)]
pub(super) enum Function {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

pub(super) struct Hash {
    function: Function,
    format: Vec<u8>,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

const SALT: &[u8] = b"{SALT}";
const PASSWORD: &[u8] = b"{PASSWORD}";

impl Hash {
    pub(super) fn parse(function: Function, parts: &[&str]) -> Result<Self, Refusal> {
        let (format, salt, digest) = match (function, parts) {
            // Only md5 may stand without a salt.
            (Function::Md5, [digest]) => (PASSWORD.to_vec(), Vec::new(), digest),
            (_, [format, salt, digest]) => {
                let format = format.strip_prefix("pf=").ok_or(Refusal::Broken)?;
                (bytes(format)?, bytes(salt)?, digest)
            }
            _ => return Err(Refusal::Broken),
        };
        // Without the password in it every password would do.
        check(format.windows(PASSWORD.len()).any(|part| part == PASSWORD))?;
        let digest = bytes(digest)?;
        let length = match function {
            Function::Md5 => 16,
            Function::Sha1 => 20,
            Function::Sha256 => 32,
            Function::Sha512 => 64,
        };
        check(digest.len() == length)?;
        Ok(Self {
            function,
            format,
            salt,
            digest,
        })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let text = self.filled(password);
        let digest = match self.function {
            Function::Md5 => Md5::digest(text).to_vec(),
            Function::Sha1 => Sha1::digest(text).to_vec(),
            Function::Sha256 => Sha256::digest(text).to_vec(),
            Function::Sha512 => Sha512::digest(text).to_vec(),
        };
        digest.ct_eq(&self.digest).into()
    }

    /// The format with both filled in; what is filled in is not looked at again.
    fn filled(&self, password: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.format.len() + self.salt.len() + password.len());
        let mut rest = self.format.as_slice();
        while let Some((first, after)) = rest.split_first() {
            if let Some(after) = rest.strip_prefix(SALT) {
                text.extend_from_slice(&self.salt);
                rest = after;
            } else if let Some(after) = rest.strip_prefix(PASSWORD) {
                text.extend_from_slice(password);
                rest = after;
            } else {
                text.push(*first);
                rest = after;
            }
        }
        text
    }
}

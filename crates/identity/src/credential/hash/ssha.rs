//! `{SSHA}<hash and salt>`, `{SSHA256}`, `{SSHA512}`: the salted digests of LDAP directories.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use super::{Refusal, text::bytes};

enum Function {
    Sha1,
    Sha256,
    Sha512,
}

pub(super) struct Hash {
    function: Function,
    digest: Vec<u8>,
    salt: Vec<u8>,
}

impl Hash {
    /// `None` where the text has none of the prefixes.
    pub(super) fn parse(text: &str) -> Option<Result<Self, Refusal>> {
        let (function, length, rest) = if let Some(rest) = text.strip_prefix("{SSHA}") {
            (Function::Sha1, 20, rest)
        } else if let Some(rest) = text.strip_prefix("{SSHA256}") {
            (Function::Sha256, 32, rest)
        } else {
            (Function::Sha512, 64, text.strip_prefix("{SSHA512}")?)
        };
        Some(bytes(rest).and_then(|bytes| {
            // The digest, and a salt of at least one byte behind it.
            let (digest, salt) = bytes
                .split_at_checked(length)
                .filter(|(_, salt)| !salt.is_empty())
                .ok_or(Refusal::Broken)?;
            Ok(Self {
                function,
                digest: digest.to_vec(),
                salt: salt.to_vec(),
            })
        }))
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let digest = match self.function {
            Function::Sha1 => salted::<Sha1>(password, &self.salt),
            Function::Sha256 => salted::<Sha256>(password, &self.salt),
            Function::Sha512 => salted::<Sha512>(password, &self.salt),
        };
        digest.ct_eq(&self.digest).into()
    }
}

fn salted<D: Digest>(password: &[u8], salt: &[u8]) -> Vec<u8> {
    D::new()
        .chain_update(password)
        .chain_update(salt)
        .finalize()
        .to_vec()
}

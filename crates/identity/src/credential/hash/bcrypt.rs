//! `$2a$<cost>$<22 characters of salt><31 characters of hash>`, also with `2`, `2b`, `2y` and `2z`.

use base64::{
    Engine as _,
    alphabet::BCRYPT,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use subtle::ConstantTimeEq as _;

use super::{
    Refusal,
    text::{bound, check},
};

/// Its own alphabet; the last character of either part has bits that mean nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// What bcrypt looks at, in bytes, the zero at the end of the password included.
const LONGEST_KEY: usize = 72;

pub(super) struct Hash {
    cost: u32,
    salt: [u8; 16],
    digest: [u8; 23],
}

impl Hash {
    pub(super) fn parse(parts: &[&str]) -> Result<Self, Refusal> {
        let [cost, rest] = parts else {
            return Err(Refusal::Broken);
        };
        let two_digits = cost.len() == 2 && cost.bytes().all(|c| c.is_ascii_digit());
        let cost: u32 = cost
            .parse()
            .ok()
            .filter(|_| two_digits)
            .ok_or(Refusal::Broken)?;
        check(rest.len() == 53)?;
        let (salt, digest) = rest.split_at_checked(22).ok_or(Refusal::Broken)?;
        let decoded = |text: &str| BASE64.decode(text).map_err(|_| Refusal::Broken);
        let (salt, digest) = (
            decoded(salt)?.try_into().map_err(|_| Refusal::Broken)?,
            decoded(digest)?.try_into().map_err(|_| Refusal::Broken)?,
        );
        bound((4..=15).contains(&cost), "bcrypt with a cost from 4 to 15")?;
        Ok(Self { cost, salt, digest })
    }

    pub(super) const fn is_heavy(&self) -> bool {
        self.cost > 13
    }

    /// Whether all of the password counts: what is behind the limit does not.
    pub(super) const fn looks_at_all_of(password: &[u8]) -> bool {
        password.len() < LONGEST_KEY
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let key: Vec<u8> = password
            .iter()
            .copied()
            .chain([0])
            .take(LONGEST_KEY)
            .collect();
        let digest = ::bcrypt::bcrypt(self.cost, self.salt, &key);
        // The last byte of the digest is not kept.
        digest
            .get(..self.digest.len())
            .is_some_and(|digest| digest.ct_eq(&self.digest).into())
    }
}

//! What the formats have in common: fields, numbers and Base64.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::Refusal;

/// Base64 with the padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `name=<n>,name=<n>` with exactly these names in this order.
pub(super) fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Result<[u32; N], Refusal> {
    let mut pairs = text.split(',');
    let mut found = [0; N];
    for (name, slot) in names.into_iter().zip(&mut found) {
        let digits = pairs
            .next()
            .and_then(|pair| pair.strip_prefix(name))
            .and_then(|rest| rest.strip_prefix('='))
            .filter(|digits| !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit()))
            .ok_or(Refusal::Broken)?;
        // What does not fit is out of every bound.
        *slot = digits.parse().unwrap_or(u32::MAX);
    }
    if pairs.next().is_some() {
        Err(Refusal::Broken)
    } else {
        Ok(found)
    }
}

/// The bytes that this Base64 stands for; it is refused where it is none, or empty.
pub(super) fn bytes(text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64
        .decode(text)
        .ok()
        .filter(|bytes| !bytes.is_empty())
        .ok_or(Refusal::Broken)
}

/// The same without padding.
pub(super) fn bare(text: &str) -> Result<Vec<u8>, Refusal> {
    check(!text.ends_with('='))?;
    bytes(text)
}

/// Refuses what is not well-formed.
pub(super) const fn check(well_formed: bool) -> Result<(), Refusal> {
    if well_formed {
        Ok(())
    } else {
        Err(Refusal::Broken)
    }
}

/// Refuses what is beyond the bounds, which are told.
pub(super) const fn bound(within: bool, bounds: &'static str) -> Result<(), Refusal> {
    if within {
        Ok(())
    } else {
        Err(Refusal::TooCostly(bounds))
    }
}

//! The formats of password hashes.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::Refusal;

/// The longest hash of any format, in bytes.
const MAX_HASH: usize = 4096;

/// Base64 with the padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

type Recognised = Result<(), Refusal>;

/// Checks that the text is a hash in one of the known formats, complete and within the bounds of cost.
///
/// # Errors
/// What is wrong with it.
pub fn recognise(hash: &str) -> Recognised {
    if hash.len() > MAX_HASH {
        return Err(Refusal::Broken);
    }
    // Every format is ASCII; what is not can't be cut at arbitrary places either.
    if !hash.is_ascii() {
        return Err(Refusal::Unknown);
    }
    for (prefix, encoded) in [("{SSHA}", 20), ("{SSHA256}", 32), ("{SSHA512}", 64)] {
        if let Some(rest) = hash.strip_prefix(prefix) {
            // The digest, and a salt of at least one byte behind it.
            return check(decoded(rest).is_some_and(|bytes| bytes > encoded));
        }
    }
    let Some((family, rest)) = hash.strip_prefix('$').and_then(|rest| rest.split_once('$')) else {
        return Err(Refusal::Unknown);
    };
    let parts: Vec<&str> = rest.split('$').collect();
    match family {
        "argon2id" | "argon2i" => argon2(&parts),
        "2" | "2a" | "2b" | "2y" | "2z" => bcrypt(&parts),
        "scrypt" => scrypt(&parts),
        "firescrypt" => firescrypt(&parts),
        "md5-crypt" | "sha256-crypt" | "sha512-crypt" => crypt(&parts),
        "md5" => plain_digest(&parts, true),
        "sha1" | "sha256" | "sha512" => plain_digest(&parts, false),
        _ => match family.strip_prefix("pbkdf2-sha") {
            Some("1" | "224" | "256" | "384" | "512") => pbkdf2(&parts),
            Some(_) => Err(Refusal::Broken),
            None => match family.strip_prefix("hmac-") {
                Some("md4" | "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512") => {
                    hmac(&parts)
                }
                _ => Err(Refusal::Unknown),
            },
        },
    }
}

fn argon2(parts: &[&str]) -> Recognised {
    let ["v=19", params, salt, digest] = parts else {
        return Err(Refusal::Broken);
    };
    let [m, t, p] = numbers(params, ["m", "t", "p"])?;
    let bounded = (1..=1_048_576).contains(&m) && (1..=10).contains(&t) && (1..=16).contains(&p);
    bound(
        bounded,
        "argon2 with m from 1 to 1048576 KiB, t from 1 to 10, p from 1 to 16",
    )?;
    check(raw(salt).is_some() && raw(digest).is_some_and(|bytes| bytes >= 4))
}

fn bcrypt(parts: &[&str]) -> Recognised {
    let [cost, rest] = parts else {
        return Err(Refusal::Broken);
    };
    let two_digits = cost.len() == 2 && cost.bytes().all(|c| c.is_ascii_digit());
    let cost: u32 = cost
        .parse()
        .ok()
        .filter(|_| two_digits)
        .ok_or(Refusal::Broken)?;
    // Its own alphabet: 22 characters of salt, 31 of hash.
    let alphabet = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'/');
    check(rest.len() == 53 && rest.bytes().all(alphabet))?;
    bound((4..=15).contains(&cost), "bcrypt with a cost from 4 to 15")
}

fn pbkdf2(parts: &[&str]) -> Recognised {
    let [params, salt, digest] = parts else {
        return Err(Refusal::Broken);
    };
    let [i, l] = numbers(params, ["i", "l"])?;
    bound(
        (1..=10_000_000).contains(&i),
        "pbkdf2 with i from 1 to 10000000",
    )?;
    bound((1..=1024).contains(&l), "pbkdf2 with l from 1 to 1024")?;
    check(raw(salt).is_some() && raw(digest).is_some())
}

fn scrypt(parts: &[&str]) -> Recognised {
    let [params, salt, digest] = parts else {
        return Err(Refusal::Broken);
    };
    // `ln` holds the cost itself here, not its logarithm.
    let [n, r, p] = numbers(params, ["ln", "r", "p"])?;
    let bounded = n.is_power_of_two()
        && (2..=131_072).contains(&n)
        && (1..=8).contains(&r)
        && (1..=10).contains(&p);
    bound(
        bounded,
        "scrypt with ln a power of two up to 131072, r from 1 to 8, p from 1 to 10",
    )?;
    check(decoded(salt).is_some() && decoded(digest).is_some())
}

fn firescrypt(parts: &[&str]) -> Recognised {
    let [params, salt, digest, separator, key] = parts else {
        return Err(Refusal::Broken);
    };
    let [ln, r, p] = numbers(params, ["ln", "r", "p"])?;
    let bounded = (1..=17).contains(&ln) && (1..=8).contains(&r) && (1..=10).contains(&p);
    bound(
        bounded,
        "firescrypt with ln from 1 to 17, r from 1 to 8, p from 1 to 10",
    )?;
    check(
        [salt, digest, separator, key]
            .into_iter()
            .all(|part| decoded(part).is_some()),
    )
}

/// `[rounds=<n>$]<salt>$<hash>`.
fn crypt(parts: &[&str]) -> Recognised {
    let (rounds, rest) = match parts {
        [rounds, rest @ ..] if rounds.starts_with("rounds=") => {
            (rounds.strip_prefix("rounds="), rest)
        }
        rest => (None, rest),
    };
    if let Some(rounds) = rounds {
        let rounds: u32 = rounds.parse().map_err(|_| Refusal::Broken)?;
        bound(
            (1_000..=1_000_000).contains(&rounds),
            "rounds from 1000 to 1000000",
        )?;
    }
    let [salt, digest] = rest else {
        return Err(Refusal::Broken);
    };
    let alphabet = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'/');
    check(salt.len() <= 16 && !digest.is_empty() && digest.bytes().all(alphabet))
}

/// `[pf=<format>$<salt>$]<hash>`; only md5 may stand without a salt.
fn plain_digest(parts: &[&str], may_be_bare: bool) -> Recognised {
    match parts {
        [digest] if may_be_bare => check(decoded(digest).is_some()),
        [format, salt, digest] => {
            let format = format.strip_prefix("pf=").ok_or(Refusal::Broken)?;
            check(
                [format, salt, digest]
                    .into_iter()
                    .all(|part| decoded(part).is_some()),
            )
        }
        _ => Err(Refusal::Broken),
    }
}

fn hmac(parts: &[&str]) -> Recognised {
    let [digest, key] = parts else {
        return Err(Refusal::Broken);
    };
    check(decoded(digest).is_some() && decoded(key).is_some())
}

/// `name=<n>,name=<n>` with exactly these names in this order.
fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Result<[u32; N], Refusal> {
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

/// The number of bytes that this Base64 stands for; `None` where it is none, or empty.
fn decoded(text: &str) -> Option<usize> {
    BASE64
        .decode(text)
        .ok()
        .map(|bytes| bytes.len())
        .filter(|bytes| *bytes > 0)
}

/// The same without padding.
fn raw(text: &str) -> Option<usize> {
    if text.ends_with('=') {
        None
    } else {
        decoded(text)
    }
}

const fn check(well_formed: bool) -> Recognised {
    if well_formed {
        Ok(())
    } else {
        Err(Refusal::Broken)
    }
}

const fn bound(within: bool, bounds: &'static str) -> Recognised {
    if within {
        Ok(())
    } else {
        Err(Refusal::TooCostly(bounds))
    }
}

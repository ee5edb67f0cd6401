//! Arguments with a form of their own. What can't be read is a usage error (exit code 2).

use std::time::Duration;

use palisade_store::KeyOverlap;
use palisade_tenancy::Role;

/// A role of a tenant's key.
pub(super) fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        let roles: Vec<&str> = Role::OF_TENANTS.iter().map(|role| role.as_str()).collect();
        format!("expected one of {}", roles.join(", "))
    })
}

/// A length of time: a whole number and `s`, `m`, `h` or `d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const LONGEST_DAYS: u64 = 36_500;
    let expected = || {
        "expected a whole number and `s`, `m`, `h` or `d`, such as `90d`; 100 years at most"
            .to_owned()
    };
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(expected()),
    };
    let number: u64 = text
        .get(..text.len().saturating_sub(1))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(expected)?;
    match number.checked_mul(unit) {
        Some(seconds) if seconds > 0 && seconds <= LONGEST_DAYS * 86_400 => {
            Ok(Duration::from_secs(seconds))
        }
        _ => Err(expected()),
    }
}

/// How long a rotated key is still good: as [`duration`], a week at most, and nothing at all is good, too.
pub(super) fn overlap(text: &str) -> Result<KeyOverlap, String> {
    let length = match text {
        "0" | "0s" | "0m" | "0h" | "0d" => Ok(Duration::ZERO),
        _ => duration(text),
    };
    length
        .ok()
        .and_then(|length| KeyOverlap::of_seconds(length.as_secs()))
        .ok_or_else(|| {
            "expected a whole number and `s`, `m`, `h` or `d`, such as `24h`; `7d` at most"
                .to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_bounds() {
        for (text, seconds) in [
            ("45s", 45),
            ("30m", 1_800),
            ("12h", 43_200),
            ("90d", 7_776_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in [
            "",
            "d",
            "90",
            "-1d",
            "1.5h",
            "0s",
            "36501d",
            "18446744073709551615d",
            "9ü",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_overlap_may_be_nothing_and_is_a_week_at_most() {
        assert_eq!(overlap("0s").map(KeyOverlap::seconds), Ok(0));
        assert_eq!(overlap("24h"), Ok(KeyOverlap::DEFAULT));
        assert_eq!(overlap("7d"), Ok(KeyOverlap::LONGEST));
        for text in ["8d", "604801s", "-1s", "1", ""] {
            assert!(overlap(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_operators_role_is_not_for_a_tenants_key() {
        assert_eq!(role("owner"), Ok(Role::Owner));
        assert!(role("operator").is_err() && role("Owner").is_err());
    }
}

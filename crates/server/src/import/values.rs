//! What single values of a source mean, whatever the format.

use serde_json::Value;

/// A text, a whole number or a truth value as text. What was read as a float is not sure to be what stood there: of a long
/// number, which may be somebody's id, only the beginning is left.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_f64() => None,
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Yes or no in one of the words for it.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "t" => Some(true),
        "false" | "0" | "no" | "n" | "f" => Some(false),
        _ => None,
    }
}

/// Yes or no as a truth value, a number or a word.
pub(super) fn yes_or_no(value: &Value) -> Option<bool> {
    plain(value).and_then(|text| boolean(text.trim()))
}

/// An instant as RFC 3339 has it; from that, a date, or a number of seconds or milliseconds.
pub(super) fn instant(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse::<i64>() {
        // The year 5138 in seconds, 1973 in milliseconds.
        let since = if number.unsigned_abs() < 100_000_000_000 {
            number.checked_mul(1_000)?
        } else {
            number
        };
        return milliseconds(since);
    }
    if let Ok(date) = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_hms_opt(0, 0, 0)?.and_utc().to_rfc3339().into());
    }
    for form in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"] {
        if let Ok(time) = chrono::NaiveDateTime::parse_from_str(text, form) {
            return Some(time.and_utc().to_rfc3339().into());
        }
    }
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.to_rfc3339().into())
}

/// The instant that so many milliseconds after 1970 are, as text.
pub(super) fn milliseconds(value: i64) -> Option<Value> {
    let time = palisade_identity::Timestamp::from_timestamp_millis(value)?;
    Some(time.to_rfc3339().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_come_in_many_forms() {
        for text in [
            "1577934245",
            "1577934245000",
            "2020-01-02T03:04:05Z",
            "2020-01-02 03:04:05",
            "2020-01-02T04:04:05+01:00",
        ] {
            let value = instant(text).expect(text);
            let time = chrono::DateTime::parse_from_rfc3339(value.as_str().expect("a text"));
            assert_eq!(time.expect("a time").timestamp(), 1_577_934_245, "{text}");
        }
        assert!(instant("soon").is_none() && instant("").is_none());
        for far in [i64::MIN, i64::MAX] {
            assert!(instant(&far.to_string()).is_none(), "{far}");
        }
    }
}

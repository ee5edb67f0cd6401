//! Points in time as JSON has them, for `#[serde(with = "palisade_identity::time_text")]`.
//!
//! RFC 3339 in UTC with as many groups of three digits of a second as are needed: the same text as chrono's. Reading
//! an identity writes and reads a dozen of them, and chrono's general way through formatting takes most of that time.

use chrono::{Datelike as _, NaiveDate, Timelike as _};
use serde::{Deserializer, Serialize as _, Serializer, de};

use crate::Timestamp;

/// Writes a point in time.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    match text(time) {
        Some(text) => serializer.serialize_str(&text),
        None => time.serialize(serializer),
    }
}

/// Reads a point in time: anything that RFC 3339 allows.
///
/// # Errors
/// When it is no such text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    deserializer.deserialize_str(Text)
}

/// The same for one that may be missing. The field needs `#[serde(default)]`.
pub mod optional {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::Timestamp;

    #[derive(Deserialize)]
    struct Present(#[serde(with = "super")] Timestamp);

    /// Writes a point in time or null.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a point in time or null.
    ///
    /// # Errors
    /// When it is neither.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Present>::deserialize(deserializer)?.map(|Present(time)| time))
    }
}

struct Text;

impl de::Visitor<'_> for Text {
    type Value = Timestamp;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an RFC 3339 date and time")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        match ours(text.as_bytes()) {
            Some(time) => Ok(time),
            None => text.parse().map_err(E::custom),
        }
    }
}

/// The text of a time of the years 0 to 9999 in whole microseconds.
fn text(time: &Timestamp) -> Option<String> {
    let year = u32::try_from(time.year())
        .ok()
        .filter(|year| *year <= 9999)?;
    let nanos = time.nanosecond();
    // Nanoseconds below a microsecond and leap seconds are not ours: nothing that we make has them.
    if !nanos.is_multiple_of(1_000) || nanos >= 1_000_000_000 {
        return None;
    }
    let mut text = String::with_capacity("2006-01-02T15:04:05.000000Z".len());
    for (digits, number, after) in [
        (4, year, '-'),
        (2, time.month(), '-'),
        (2, time.day(), 'T'),
        (2, time.hour(), ':'),
        (2, time.minute(), ':'),
    ] {
        push(&mut text, digits, number);
        text.push(after);
    }
    push(&mut text, 2, time.second());
    let micros = nanos / 1_000;
    if micros > 0 {
        text.push('.');
        if micros.is_multiple_of(1_000) {
            push(&mut text, 3, micros / 1_000);
        } else {
            push(&mut text, 6, micros);
        }
    }
    text.push('Z');
    Some(text)
}

fn push(text: &mut String, digits: u32, number: u32) {
    for place in (0..digits).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.extend(char::from_digit(digit, 10));
    }
}

/// The time in a text of the form that [`serialize`] writes; `None` for any other.
fn ours(text: &[u8]) -> Option<Timestamp> {
    let (date_time, rest) = text.split_at_checked("2006-01-02T15:04:05".len())?;
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
    ] = *date_time
    else {
        return None;
    };
    let micros = match rest.strip_suffix(b"Z")? {
        [] => 0,
        [b'.', fraction @ ..] if fraction.len() == 3 => number(fraction)? * 1_000,
        [b'.', fraction @ ..] if fraction.len() == 6 => number(fraction)?,
        _ => return None,
    };
    let year = i32::try_from(number(&[y0, y1, y2, y3])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(&[m0, m1])?, number(&[d0, d1])?)?;
    let time = date.and_hms_micro_opt(
        number(&[h0, h1])?,
        number(&[n0, n1])?,
        number(&[s0, s1])?,
        micros,
    )?;
    Some(time.and_utc())
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        Some(number * 10 + digit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(time: Timestamp) -> String {
        let mut json = Vec::new();
        serialize(&time, &mut serde_json::Serializer::new(&mut json)).expect("serializes");
        String::from_utf8(json).expect("UTF-8")
    }

    fn read(json: &str) -> Option<Timestamp> {
        deserialize(&mut serde_json::Deserializer::from_str(json)).ok()
    }

    proptest! {
        #[test]
        fn texts_are_those_of_chrono_and_lead_back(
            seconds in -70_000_000_000_i64..300_000_000_000,
            nanos in prop_oneof![
                Just(0),
                (0_u32..1_000).prop_map(|millis| millis * 1_000_000),
                (0_u32..1_000_000).prop_map(|micros| micros * 1_000),
                0_u32..1_000_000_000,
            ],
        ) {
            let time = Timestamp::from_timestamp(seconds, nanos).expect("in range");
            let json = written(time);
            prop_assert_eq!(&json, &serde_json::to_string(&time).expect("serializes"));
            prop_assert_eq!(read(&json), Some(time));
        }

        #[test]
        fn any_text_is_read_as_chrono_reads_it(text in "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,9})?(Z|z|\\+01:30)?") {
            let json = format!("\"{text}\"");
            prop_assert_eq!(read(&json), serde_json::from_str(&json).ok());
        }
    }
}

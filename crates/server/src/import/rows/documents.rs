//! Rows of JSON documents: the items of arrays, and the users of Keycloak's realms, each given away as it is read.

use std::{fmt, io::BufRead};

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::{Each, Gauge, Row, malformed};
use crate::{Failure, import::source::Source};

/// The items of one array after the other, as pages of a list that were written behind each other.
pub(super) fn arrays(
    reader: &mut impl BufRead,
    gauge: &Gauge,
    take: &mut Each<'_>,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    loop {
        let mut ended = false;
        gauge.reset();
        let items = Items {
            gauge,
            take: &mut *take,
            ended: &mut ended,
        };
        let read = items.deserialize(&mut deserializer);
        if ended {
            return Ok(());
        }
        read?;
        if deserializer.end().is_ok() {
            return Ok(());
        }
    }
}

/// The items of an array, each given away as it is read.
struct Items<'a, 'b> {
    gauge: &'a Gauge,
    take: &'a mut Each<'b>,
    /// Set where no more rows are wanted; the reading ends with an error then.
    ended: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.gauge.reset();
        while let Some(item) = items.next_element::<Box<RawValue>>()? {
            self.gauge.reset();
            let text = String::from(Box::<str>::from(item)).into_bytes();
            if (self.take)(Ok(Row::Text(text))).is_break() {
                *self.ended = true;
                return Err(A::Error::custom("no more rows are wanted"));
            }
        }
        self.gauge.reset();
        Ok(())
    }
}

/// The `users` of a realm, or of each of a list of realms.
pub(super) fn realms(
    reader: &mut impl BufRead,
    gauge: &Gauge,
    source: &Source,
    take: &mut Each<'_>,
) -> Result<(), Failure> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let (mut ended, mut found) = (false, false);
    let realm = Realm {
        gauge,
        take: &mut *take,
        ended: &mut ended,
        found: &mut found,
    };
    let read = realm.deserialize(&mut deserializer);
    if ended {
        return Ok(());
    }
    read.and_then(|()| deserializer.end())
        .map_err(|error| malformed(source, &error))?;
    if found {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} is no export of a Keycloak realm with its users: it has no list `users`",
        source.name()
    )))
}

struct Realm<'a, 'b> {
    gauge: &'a Gauge,
    take: &'a mut Each<'b>,
    ended: &'a mut bool,
    found: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Realm<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Realm<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list `users`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        loop {
            self.gauge.reset();
            let Some(name) = members.next_key::<String>()? else {
                return Ok(());
            };
            self.gauge.reset();
            if name == "users" {
                *self.found = true;
                members.next_value_seed(Items {
                    gauge: self.gauge,
                    take: &mut *self.take,
                    ended: &mut *self.ended,
                })?;
            } else {
                members.next_value_seed(Skip { gauge: self.gauge })?;
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut realms: A) -> Result<(), A::Error> {
        loop {
            self.gauge.reset();
            let realm = Realm {
                gauge: self.gauge,
                take: &mut *self.take,
                ended: &mut *self.ended,
                found: &mut *self.found,
            };
            if realms.next_element_seed(realm)?.is_none() {
                return Ok(());
            }
        }
    }
}

/// What is not looked at, part by part: the deserializer bounds how deep it is nested, which it does not where it skips
/// by itself.
#[derive(Clone, Copy)]
struct Skip<'a> {
    gauge: &'a Gauge,
}

impl<'de> DeserializeSeed<'de> for Skip<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.gauge.reset();
        while items.next_element_seed(self)?.is_some() {
            self.gauge.reset();
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.gauge.reset();
        while members.next_key::<IgnoredAny>()?.is_some() {
            self.gauge.reset();
            members.next_value_seed(self)?;
            self.gauge.reset();
        }
        Ok(())
    }
}

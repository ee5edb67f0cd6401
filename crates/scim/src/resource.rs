//! Resources as they are kept, and how bodies of POST and PUT become one.

mod incoming;
mod member;
mod password;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use palisade_envelope::Result;
use serde_json::{Map, Value};

use crate::error::too_large;
use crate::limits;
use crate::path::AttributePath;
use crate::schema::{Attribute, Mutability, ResourceType, Schema};
use crate::value::{At, is_unassigned, weight};

pub use incoming::Incoming;
pub(crate) use member::members;
pub use member::{Member, MemberKind};
pub use password::Password;

/// The attributes of a resource that clients write: proper names, proper types, no empty values, extensions under their URN.
///
/// Not in it: `id`, `schemas`, `meta` and what else only the service writes; the password; the members of a group, which are
/// rows of their own. A user who has no `active` can be used: only `false` disables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource(Map<String, Value>);

/// How many bytes were written.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Resource {
    /// One that was kept: [`Self::into_map`] of one that this crate made.
    pub fn from_kept(kept: Map<String, Value>) -> Self {
        Self(kept)
    }

    /// The attributes.
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The attributes, to be kept.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// How many bytes it takes, about.
    pub fn weight(&self) -> usize {
        self.0
            .iter()
            .map(|(name, value)| name.len() + 4 + weight(value))
            .sum()
    }

    /// Refuses a resource that is larger than what is kept: PATCH by PATCH one could become so, and whoever lists it would pay.
    ///
    /// # Errors
    /// `body_too_large` above [`limits::MAX_RESOURCE_BYTES`].
    pub fn check_size(&self) -> Result<()> {
        let mut bytes = Counted(0);
        serde_json::to_writer(&mut bytes, &self.0).map_err(palisade_envelope::Error::internal)?;
        if bytes.0 > limits::MAX_RESOURCE_BYTES {
            return Err(too_large(format!(
                "a resource can have {} bytes",
                limits::MAX_RESOURCE_BYTES
            )));
        }
        Ok(())
    }

    /// The value of an attribute; of a sub-attribute only where the attribute is no list.
    pub fn get(&self, path: &AttributePath) -> Option<&Value> {
        let value = self.value(path.extension(), path.attribute())?;
        match path.sub_attribute() {
            Some(sub) => value.get(sub.name()),
            None => Some(value),
        }
    }

    /// The schemas that it has values of: the core schema and the extensions (RFC 7643 section 3).
    pub fn schemas<'a>(&self, of: &'a ResourceType) -> Vec<&'a str> {
        let extensions = of
            .extensions()
            .iter()
            .map(|extension| extension.schema.id());
        std::iter::once(of.schema().id())
            .chain(extensions.filter(|urn| self.0.contains_key(*urn)))
            .collect()
    }

    pub(crate) fn value(&self, extension: Option<&str>, attribute: &Attribute) -> Option<&Value> {
        match extension {
            Some(urn) => self.0.get(urn)?.get(attribute.name()),
            None => self.0.get(attribute.name()),
        }
    }

    pub(crate) fn take(&mut self, extension: Option<&str>, attribute: &Attribute) -> Option<Value> {
        let Some(urn) = extension else {
            return self.0.remove(attribute.name());
        };
        let home = self.0.get_mut(urn)?.as_object_mut()?;
        let taken = home.remove(attribute.name());
        // An extension without values is not there.
        if home.is_empty() {
            self.0.remove(urn);
        }
        taken
    }

    /// Sets a value; an empty one takes it away.
    pub(crate) fn set(&mut self, extension: Option<&str>, attribute: &Attribute, value: Value) {
        if is_unassigned(&value) {
            self.take(extension, attribute);
            return;
        }
        let Some(urn) = extension else {
            self.0.insert(attribute.name().to_owned(), value);
            return;
        };
        let home = self
            .0
            .entry(urn)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(home) = home {
            home.insert(attribute.name().to_owned(), value);
        }
    }

    pub(crate) fn take_extension(&mut self, urn: &str) {
        self.0.remove(urn);
    }

    /// Refuses a resource that lacks what it must have.
    pub(crate) fn check_required(&self, of: &ResourceType) -> Result<()> {
        self.check_schema(None, of.schema())?;
        for extension in of.extensions() {
            let urn = extension.schema.id();
            if extension.required || self.0.contains_key(urn) {
                self.check_schema(Some(urn), &extension.schema)?;
            }
        }
        Ok(())
    }

    fn check_schema(&self, extension: Option<&str>, schema: &Arc<Schema>) -> Result<()> {
        for attribute in schema.attributes() {
            if attribute.is_required() && self.value(extension, attribute).is_none() {
                let at = At {
                    extension,
                    attribute,
                    sub: None,
                };
                return Err(at.expected("a value; it is required"));
            }
        }
        Ok(())
    }

    /// Refuses another value where one stands that can't be changed any more (RFC 7643 section 7, `immutable`).
    pub(crate) fn check_immutable(&self, before: &Self, of: &ResourceType) -> Result<()> {
        for (extension, attribute) in immutable(of) {
            let Some(old) = before.value(extension, attribute) else {
                continue;
            };
            if self.value(extension, attribute) != Some(old) {
                let at = At {
                    extension,
                    attribute,
                    sub: None,
                };
                return Err(crate::error::mutability(
                    &at.to_string(),
                    "is set already and can't be changed",
                ));
            }
        }
        Ok(())
    }
}

/// The attributes that can be written once, with the URN of their extension.
pub(crate) fn immutable(of: &ResourceType) -> impl Iterator<Item = (Option<&str>, &Attribute)> {
    let extensions = of.extensions().iter().flat_map(|extension| {
        let attributes = extension.schema.attributes().iter();
        attributes.map(|attribute| (Some(extension.schema.id()), &**attribute))
    });
    let core = of.schema().attributes().iter();
    core.map(|attribute| (None, &**attribute))
        .chain(extensions)
        .filter(|(_, attribute)| attribute.who_writes() == Mutability::Immutable)
}

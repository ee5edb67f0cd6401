//! Bodies of POST and PUT (RFC 7644 sections 3.3 and 3.5.1).

use std::collections::HashSet;
use std::sync::Arc;

use palisade_envelope::Result;
use serde_json::{Map, Value};

use super::member::{Member, members};
use super::{Password, Resource, immutable};
use crate::error::{ScimType, invalid_syntax, refusal, shortened};
use crate::path::{AttributePath, Named, find};
use crate::schema::{Mutability, ResourceType, Schema};
use crate::urn;
use crate::value::{self, At};

/// What a body says.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// The attributes to keep.
    pub resource: Resource,
    /// The members of a group. A body that names none means that there are none.
    pub members: Vec<Member>,
    /// The password, where one was sent.
    pub password: Option<Password>,
    /// What nothing was done with, because no schema has it: for the log of exchanges. At most 100 paths.
    pub ignored: Vec<String>,
}

impl Incoming {
    /// Reads the body of a POST. What only the service writes is passed over, unknown attributes and schemas too.
    ///
    /// # Errors
    /// `invalidSyntax` where it is no resource or names an attribute twice; `invalidValue` with the path where a value does
    /// not fit its attribute or a required one is missing.
    pub fn create(body: &Value, of: &ResourceType) -> Result<Self> {
        let mut read = Reader::new(of).read(body)?;
        for attribute in of.schema().attributes() {
            if attribute.on_when_silent && read.resource.value(None, attribute).is_none() {
                read.resource.set(None, attribute, Value::Bool(true));
            }
        }
        read.resource.check_required(of)?;
        Ok(read)
    }

    /// Reads the body of a PUT on `current`: what it leaves out is cleared, or set to what a new resource has. Immutable
    /// attributes stay where the body says nothing of them.
    ///
    /// # Errors
    /// As [`Self::create`], and `mutability` where it has another value for an immutable attribute.
    pub fn replace(body: &Value, of: &ResourceType, current: &Resource) -> Result<Self> {
        let mut read = Self::create(body, of)?;
        for (extension, attribute) in immutable(of) {
            if read.resource.value(extension, attribute).is_none()
                && let Some(old) = current.value(extension, attribute)
            {
                read.resource.set(extension, attribute, old.clone());
            }
        }
        read.resource.check_immutable(current, of)?;
        Ok(read)
    }
}

struct Reader<'a> {
    of: &'a ResourceType,
    seen: HashSet<String>,
    incoming: Incoming,
}

impl<'a> Reader<'a> {
    const MOST_IGNORED: usize = 100;

    fn new(of: &'a ResourceType) -> Self {
        Self {
            of,
            seen: HashSet::new(),
            incoming: Incoming {
                resource: Resource::default(),
                members: Vec::new(),
                password: None,
                ignored: Vec::new(),
            },
        }
    }

    fn read(mut self, body: &Value) -> Result<Incoming> {
        value::check_depth(body)?;
        let Value::Object(body) = body else {
            return Err(invalid_syntax("the body must be a JSON object"));
        };
        for (key, value) in body {
            match find(key, self.of) {
                Some(Named::Attribute(path)) => self.attribute(&path, value)?,
                Some(Named::Extension(schema)) => self.extension(&schema, value)?,
                None => self.ignore(key),
            }
        }
        Ok(self.incoming)
    }

    fn ignore(&mut self, path: &str) {
        if self.incoming.ignored.len() < Self::MOST_IGNORED {
            self.incoming.ignored.push(shortened(path));
        }
    }

    fn extension(&mut self, schema: &Arc<Schema>, value: &Value) -> Result<()> {
        let members: &Map<String, Value> = match value {
            Value::Object(members) => members,
            Value::Null => return Ok(()),
            _ => {
                return Err(refusal(
                    ScimType::InvalidValue,
                    format!("`{}`: expected an object", schema.id()),
                ));
            }
        };
        for (key, value) in members {
            let path = format!("{}:{key}", schema.id());
            match find(&path, self.of) {
                Some(Named::Attribute(path)) => self.attribute(&path, value)?,
                _ => self.ignore(&path),
            }
        }
        Ok(())
    }

    fn attribute(&mut self, path: &AttributePath, value: &Value) -> Result<()> {
        let attribute = path.attribute();
        if !self.seen.insert(path.to_string()) {
            return Err(invalid_syntax(format!("`{path}` stands twice")));
        }
        if attribute.name() == "schemas" {
            return check_schemas(value, self.of);
        }
        if attribute.is_read_only() || path.target().is_read_only() {
            return Ok(());
        }
        let at = At {
            extension: path.extension(),
            attribute,
            sub: path.sub_attribute(),
        };
        if attribute.is_membership() && at.sub.is_none() {
            if !value.is_null() {
                self.incoming.members = members(at, value)?;
            }
            return Ok(());
        }
        let Some(sub) = at.sub else {
            let Some(value) = value::whole(at, value)? else {
                return Ok(());
            };
            match (attribute.who_writes(), value) {
                (Mutability::WriteOnly, Value::String(secret)) => {
                    self.incoming.password = Some(Password::new(secret));
                }
                (_, value) => self.incoming.resource.set(at.extension, attribute, value),
            }
            return Ok(());
        };
        // A dotted name: one sub-attribute of what is no list.
        if attribute.is_multi_valued() {
            self.ignore(&path.to_string());
            return Ok(());
        }
        let Some(value) = value::single(at, value)? else {
            return Ok(());
        };
        let whole = self.incoming.resource.take(at.extension, attribute);
        let mut whole = match whole {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        whole.insert(sub.name().to_owned(), value);
        let resource = &mut self.incoming.resource;
        resource.set(at.extension, attribute, Value::Object(whole));
        Ok(())
    }
}

/// `schemas` of a body. Clients list schemas that nobody has, leave out those that they use, and Google lists those of SCIM 1,
/// so only what can't be meant is refused: something that is no list of strings, and the core schema of another type.
fn check_schemas(value: &Value, of: &ResourceType) -> Result<()> {
    let listed = match value {
        Value::Null => return Ok(()),
        Value::String(_) => std::slice::from_ref(value),
        Value::Array(listed) => listed.as_slice(),
        _ => return Err(invalid_syntax("`schemas` must be a list of URNs")),
    };
    let mut foreign = None;
    for listed in listed {
        let Some(listed) = listed.as_str() else {
            return Err(invalid_syntax("`schemas` must be a list of URNs"));
        };
        if listed.eq_ignore_ascii_case(of.schema().id()) {
            return Ok(());
        }
        if [urn::USER, urn::GROUP]
            .iter()
            .any(|urn| listed.eq_ignore_ascii_case(urn))
        {
            foreign = Some(listed);
        }
    }
    match foreign {
        Some(foreign) => Err(refusal(
            ScimType::InvalidValue,
            format!(
                "`schemas`: `{foreign}` is not the schema of a {}",
                of.name()
            ),
        )),
        None => Ok(()),
    }
}

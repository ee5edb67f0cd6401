//! Paths to attributes (RFC 7644 section 3.10): `userName`, `name.familyName`, each behind the URN of its schema or not, and
//! the paths of PATCH, which choose among values.

mod patch_path;

use std::fmt;
use std::sync::Arc;

use palisade_envelope::Result;

use crate::error::ScimType;
use crate::filter::fault::Fault;
use crate::schema::{Attribute, ResourceType, Schema};
use crate::urn;

pub use patch_path::PatchPath;

/// An attribute of a resource type, or a sub-attribute of one.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributePath {
    pub(crate) extension: Option<Arc<str>>,
    pub(crate) attribute: Arc<Attribute>,
    pub(crate) sub: Option<Arc<Attribute>>,
}

impl AttributePath {
    /// Reads the path of an attribute or a sub-attribute, without brackets.
    ///
    /// # Errors
    /// `invalidPath`, with a hint where there is one.
    pub fn parse(text: &str, of: &ResourceType) -> Result<Self> {
        resolve_attribute(text, of)
            .map_err(|unknown| Fault::unknown(0, unknown).refuse("path", ScimType::InvalidPath))
    }

    /// The URN of the extension that the attribute is of; none for common attributes and those of the core schema.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// The attribute.
    pub fn attribute(&self) -> &Attribute {
        &self.attribute
    }

    /// The sub-attribute, where the path names one.
    pub fn sub_attribute(&self) -> Option<&Attribute> {
        self.sub.as_deref()
    }

    /// What the path ends at: the sub-attribute, or else the attribute.
    pub fn target(&self) -> &Attribute {
        self.sub.as_deref().unwrap_or(&self.attribute)
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.extension {
            write!(f, "{urn}:")?;
        }
        f.write_str(self.attribute.name())?;
        match &self.sub {
            Some(sub) => write!(f, ".{}", sub.name()),
            None => Ok(()),
        }
    }
}

/// What a path names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Named {
    Attribute(AttributePath),
    /// All that an extension adds: the path is its URN.
    Extension(Arc<Schema>),
}

/// Why a path names nothing, for people.
#[derive(Debug)]
pub(crate) struct Unknown {
    pub(crate) what: String,
    pub(crate) hint: Option<String>,
}

/// Finds what `text` names in a resource type. Names are compared without regard to case. One without a URN is looked up
/// in the core schema first, then in the extensions: Entra ID sends `manager` like that.
pub(crate) fn find(text: &str, of: &ResourceType) -> Option<Named> {
    match qualified(text, of) {
        Some((None, rest)) => {
            let (name, sub) = split(rest)?;
            within(None, of.core_attribute(name)?, sub).map(Named::Attribute)
        }
        Some((Some(schema), "")) => Some(Named::Extension(Arc::clone(schema))),
        Some((Some(schema), rest)) => {
            let (name, sub) = split(rest)?;
            within(Some(&schema.id), schema.attribute(name)?, sub).map(Named::Attribute)
        }
        None => {
            let (name, sub) = split(text)?;
            if let Some(attribute) = of.core_attribute(name) {
                return within(None, attribute, sub).map(Named::Attribute);
            }
            let mut schemas = of.extensions().iter().map(|extension| &extension.schema);
            schemas.find_map(|schema| {
                within(Some(&schema.id), schema.attribute(name)?, sub).map(Named::Attribute)
            })
        }
    }
}

/// The schema whose URN the text begins with (none: the core schema), and what follows.
fn qualified<'a, 'b>(
    text: &'a str,
    of: &'b ResourceType,
) -> Option<(Option<&'b Arc<Schema>>, &'a str)> {
    if let Some(rest) = urn::after(text, of.schema.id()) {
        return Some((None, rest));
    }
    let schemas = of.extensions().iter().map(|extension| &extension.schema);
    // The URN of one may be the beginning of another's.
    schemas
        .filter_map(|schema| Some((Some(schema), urn::after(text, schema.id())?)))
        .min_by_key(|(_, rest)| rest.len())
}

/// The same, and why there is nothing.
pub(crate) fn resolve(text: &str, of: &ResourceType) -> Result<Named, Unknown> {
    find(text, of).ok_or_else(|| {
        let name = qualified(text, of).map_or(text, |(_, rest)| rest);
        unknown(text, name, of)
    })
}

/// The same where a whole extension won't do.
pub(crate) fn resolve_attribute(text: &str, of: &ResourceType) -> Result<AttributePath, Unknown> {
    match resolve(text, of)? {
        Named::Attribute(path) => Ok(path),
        Named::Extension(schema) => Err(Unknown {
            what: format!("`{}` is a schema, not an attribute", schema.id()),
            hint: Some("name an attribute of it after a colon".to_owned()),
        }),
    }
}

fn split(text: &str) -> Option<(&str, Option<&str>)> {
    match text.split_once('.') {
        _ if text.is_empty() => None,
        Some((name, sub)) => Some((name, Some(sub))),
        None => Some((text, None)),
    }
}

fn within(
    extension: Option<&Arc<str>>,
    attribute: &Arc<Attribute>,
    sub: Option<&str>,
) -> Option<AttributePath> {
    let sub = match sub {
        // The values of a list of plain values are called `value` (RFC 7643 section 2.4).
        Some(name) if is_plain_value(attribute, name) => None,
        Some(name) => Some(Arc::clone(attribute.sub_attribute(name)?)),
        None => None,
    };
    Some(AttributePath {
        extension: extension.cloned(),
        attribute: Arc::clone(attribute),
        sub,
    })
}

pub(crate) fn is_plain_value(attribute: &Attribute, name: &str) -> bool {
    attribute.is_multi_valued()
        && attribute.sub_attributes.is_empty()
        && name.eq_ignore_ascii_case("value")
}

fn unknown(text: &str, name: &str, of: &ResourceType) -> Unknown {
    let text = crate::error::shortened(text);
    if name.contains(':') {
        return Unknown {
            what: format!("`{text}` is of no schema that a {} has", of.name()),
            hint: None,
        };
    }
    let (head, sub) = split(name).unwrap_or((name, None));
    let known = of
        .core_attribute(head)
        .filter(|_| sub.is_some())
        .map(|attribute| &attribute.sub_attributes);
    let hint = match (known, sub) {
        (Some(subs), Some(sub)) => closest(sub, subs.iter().map(|sub| sub.name())),
        _ => closest(head, of.names()),
    };
    Unknown {
        what: format!("a {} has no attribute `{text}`", of.name()),
        hint: hint.map(|name| format!("did you mean `{name}`?")),
    }
}

/// The name that a misspelled one is near to.
pub(crate) fn closest<'a>(wrong: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > 40 {
        return None;
    }
    let wrong = wrong.to_ascii_lowercase();
    let most = if wrong.len() < 5 { 1 } else { 2 };
    among
        .filter(|name| name.len().abs_diff(wrong.len()) <= most)
        .map(|name| {
            let distance = strsim::osa_distance(&wrong, &name.to_ascii_lowercase());
            (distance, name)
        })
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match resolve(text, &ResourceType::user()) {
            Ok(Named::Attribute(path)) => path.to_string(),
            Ok(Named::Extension(schema)) => format!("all of {}", schema.name),
            Err(unknown) => format!("{} / {}", unknown.what, unknown.hint.unwrap_or_default()),
        }
    }

    #[test]
    fn names_are_found_in_any_case_with_and_without_their_urn() {
        assert_eq!(shown("USERNAME"), "userName");
        assert_eq!(shown("emails.Value"), "emails.value");
        assert_eq!(
            shown(&format!("{}:name.givenName", urn::USER)),
            "name.givenName"
        );
        assert_eq!(shown("URN:IETF:params:scim:schemas:core:2.0:user:ID"), "id");
        assert_eq!(shown("meta.lastmodified"), "meta.lastModified");
        assert_eq!(shown(urn::ENTERPRISE_USER), "all of EnterpriseUser");
    }

    #[test]
    fn entra_08_an_attribute_of_an_extension_is_found_without_its_urn() {
        let full = format!("{}:manager", urn::ENTERPRISE_USER);
        assert_eq!(shown("manager"), full);
        assert_eq!(shown(&full), full);
        assert_eq!(shown("manager.$ref"), format!("{full}.$ref"));
    }

    #[test]
    fn what_is_not_there_is_said_with_a_hint() {
        assert!(shown("usrName").ends_with("did you mean `userName`?"));
        assert!(shown("name.givenNam").ends_with("did you mean `givenName`?"));
        assert!(shown("urn:example:other:1.0:thing").contains("of no schema"));
        for text in [
            "",
            ".",
            "name.",
            "name.a.b",
            "userName.value",
            ":",
            "Group:id",
        ] {
            assert!(resolve(text, &ResourceType::user()).is_err(), "{text}");
        }
    }
}

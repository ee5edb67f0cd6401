//! Schemas that a tenant defines, in the form in which `/Schemas` shows them (RFC 7643 section 7).

use std::collections::HashSet;
use std::sync::Arc;

use palisade_envelope::Result;
use serde::Deserialize;
use serde_json::Value;

use super::group::MEMBERS;
use super::{Attribute, COMMON, Kind, Mutability, Returned, Schema, Uniqueness};
use crate::error::{invalid_syntax, invalid_value, shortened};
use crate::{limits, urn};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Definition {
    id: String,
    name: String,
    #[serde(default)]
    description: String,
    attributes: Vec<Defined>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Defined {
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    multi_valued: bool,
    #[serde(default)]
    description: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    canonical_values: Vec<String>,
    case_exact: Option<bool>,
    #[serde(default = "read_write")]
    mutability: Mutability,
    #[serde(default = "by_default")]
    returned: Returned,
    #[serde(default = "not_unique")]
    uniqueness: Uniqueness,
    #[serde(default)]
    reference_types: Vec<String>,
    #[serde(default)]
    sub_attributes: Vec<Defined>,
}

const fn read_write() -> Mutability {
    Mutability::ReadWrite
}

const fn by_default() -> Returned {
    Returned::Default
}

const fn not_unique() -> Uniqueness {
    Uniqueness::None
}

impl Schema {
    /// A schema as a tenant defines it.
    ///
    /// Its URN must not be one of the standard's. What the service could not keep is refused: unique attributes, and
    /// attributes that are written and never read.
    ///
    /// # Errors
    /// `invalidSyntax` where it is not built like a schema, `invalidValue` with the path where it says something that does
    /// not go.
    pub fn defined(definition: &Value) -> Result<Self> {
        let definition = Definition::deserialize(definition)
            .map_err(|error| invalid_syntax(format!("the schema can't be read: {error}")))?;
        check_urn(&definition.id)?;
        if definition.name.is_empty() || definition.name.len() > limits::MAX_NAME_CHARS {
            return Err(invalid_value("name", "1 to 64 characters"));
        }
        let total: usize = definition
            .attributes
            .iter()
            .map(|attribute| 1 + attribute.sub_attributes.len())
            .sum();
        if total == 0 || total > limits::MAX_DEFINED_ATTRIBUTES {
            return Err(invalid_value("attributes", "1 to 200 attributes"));
        }
        let attributes = all(definition.attributes, "attributes", true)?;
        if let Some(taken) = attributes.iter().find(|attribute| {
            // Members of groups are kept in a way of their own, which goes by their name.
            COMMON.attribute(attribute.name()).is_some()
                || attribute.name().eq_ignore_ascii_case(MEMBERS)
        }) {
            return Err(invalid_value(
                taken.name(),
                "another name: this one has a meaning of its own",
            ));
        }
        Ok(Self {
            id: definition.id.into(),
            name: definition.name,
            description: definition.description,
            attributes,
        })
    }
}

fn check_urn(id: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ":._-".contains(c);
    let parts: Vec<&str> = id.split(':').collect();
    let is_urn = parts.first() == Some(&"urn")
        && parts.len() > 2
        && parts.iter().all(|part| !part.is_empty())
        && id.chars().all(allowed)
        && id.len() <= limits::MAX_URN_BYTES;
    if !is_urn {
        return Err(invalid_value(
            "id",
            "a URN such as `urn:example:scim:schemas:1.0:Badge` of letters, digits, `.`, `_`, `-`",
        ));
    }
    let lower = id.to_ascii_lowercase();
    if urn::RESERVED.iter().any(|head| lower.starts_with(head)) {
        return Err(invalid_value("id", "a URN of your own"));
    }
    Ok(())
}

fn all(defined: Vec<Defined>, at: &str, top: bool) -> Result<Vec<Arc<Attribute>>> {
    let mut seen = HashSet::new();
    let mut made = Vec::with_capacity(defined.len());
    for attribute in defined {
        let path = format!("{at}.{}", shortened(&attribute.name));
        if !seen.insert(attribute.name.to_ascii_lowercase()) {
            return Err(invalid_value(&path, "each name once, in any case"));
        }
        made.push(Arc::new(one(attribute, &path, top)?));
    }
    Ok(made)
}

fn one(defined: Defined, path: &str, top: bool) -> Result<Attribute> {
    if !is_name(&defined.name) {
        return Err(invalid_value(
            path,
            "a name of a letter and up to 63 letters, digits, `-`, `_`",
        ));
    }
    let is_complex = defined.kind == Kind::Complex;
    if is_complex && (!top || defined.sub_attributes.is_empty()) {
        return Err(invalid_value(
            path,
            "`complex` at the top only, and with sub-attributes",
        ));
    }
    if !is_complex && !defined.sub_attributes.is_empty() {
        return Err(invalid_value(path, "sub-attributes under `complex` only"));
    }
    if !top && defined.multi_valued {
        return Err(invalid_value(path, "a single value within `complex`"));
    }
    if defined.uniqueness != Uniqueness::None {
        return Err(invalid_value(path, "`uniqueness` of `none`"));
    }
    if defined.mutability == Mutability::WriteOnly || defined.returned == Returned::Never {
        return Err(invalid_value(path, "an attribute that can be read back"));
    }
    if !top && defined.mutability == Mutability::Immutable {
        return Err(invalid_value(
            path,
            "`immutable` on attributes, not on sub-attributes",
        ));
    }
    if !top && defined.returned != Returned::Default {
        return Err(invalid_value(
            path,
            "`returned` of `default` on sub-attributes",
        ));
    }
    let mut made = Attribute::new(&defined.name, defined.kind, &defined.description);
    made.multi_valued = defined.multi_valued;
    made.required = defined.required;
    made.canonical_values = defined.canonical_values;
    made.case_exact = defined.case_exact.unwrap_or(made.case_exact);
    made.mutability = defined.mutability;
    made.returned = defined.returned;
    made.reference_types = defined.reference_types;
    made.sub_attributes = all(defined.sub_attributes, path, false)?;
    Ok(made)
}

/// RFC 7643 section 2.1, `ATTRNAME`.
fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && name.len() <= limits::MAX_NAME_CHARS
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::ResourceType;

    #[test]
    fn a_schema_of_a_tenant_is_read_and_shown_as_it_was_defined() {
        let defined = json!({
            "id": "urn:example:scim:schemas:1.0:Badge",
            "name": "Badge",
            "description": "Door badges.",
            "attributes": [{
                "name": "badges", "type": "complex", "multiValued": true, "description": "", "required": false,
                "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none",
                "subAttributes": [{
                    "name": "value", "type": "string", "multiValued": false, "description": "", "required": true,
                    "caseExact": true, "mutability": "readWrite", "returned": "default", "uniqueness": "none"
                }]
            }]
        });
        let schema = Schema::defined(&defined).expect("is fine");
        assert_eq!(serde_json::to_value(&schema).expect("serializes"), defined);
    }

    #[test]
    fn what_the_service_could_not_keep_is_refused_by_name() {
        let with = |attribute: Value| json!({"id": "urn:example:a:1", "name": "A", "attributes": [attribute]});
        for (attribute, about) in [
            (
                json!({"name": "a", "type": "string", "uniqueness": "server"}),
                "attributes.a",
            ),
            (
                json!({"name": "a", "type": "string", "returned": "never"}),
                "attributes.a",
            ),
            (json!({"name": "a", "type": "complex"}), "attributes.a"),
            (json!({"name": "1", "type": "string"}), "attributes.1"),
            (json!({"name": "meta", "type": "string"}), "meta"),
            (
                json!({"name": "Members", "type": "string", "multiValued": true}),
                "Members",
            ),
            (
                json!({"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "string", "returned": "request"}]}),
                "attributes.a.b",
            ),
            (
                json!({"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "string", "mutability": "immutable"}]}),
                "attributes.a.b",
            ),
            (json!({"name": "a", "type": "thing"}), "variant"),
            (
                json!({"name": "a", "type": "string", "colour": 1}),
                "colour",
            ),
        ] {
            let error = Schema::defined(&with(attribute)).expect_err(about);
            assert!(error.envelope().message.contains(about), "{error}");
        }
        for id in [
            urn::USER,
            "urn:PALISADE:x:y",
            "https://example.com",
            "urn:a",
            "urn::a:b",
        ] {
            let error = Schema::defined(
                &json!({"id": id, "name": "A", "attributes": [{"name": "a", "type": "string"}]}),
            );
            assert!(error.is_err(), "{id}");
        }
    }

    #[test]
    fn an_extension_can_not_be_there_twice() {
        let user = ResourceType::user();
        let again = user.extensions()[0].clone();
        assert!(user.with_extension(again).is_err());
    }
}

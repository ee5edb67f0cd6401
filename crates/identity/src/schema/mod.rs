//! Identity schemas: JSON Schema with the extension `ory.sh/kratos`, which says what traits are identifiers and
//! addresses.

mod collect;
mod document;
mod email;
mod extension;
mod limits;
mod node;
mod violation;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use palisade_envelope::{Code, Error, Result};
use serde_json::{Map, Value, json};

use crate::{Via, change::MAX_SCHEMA_ID};

pub use limits::{
    MAX_DEPTH, MAX_DERIVED, MAX_OPTIONS, MAX_PATTERN, MAX_PATTERNS, MAX_SUBSCHEMAS, MAX_TEXT,
    MAX_TRAITS, MAX_VALUES,
};

/// A compiled identity schema: validates traits, and knows which of them are identifiers and addresses.
pub struct IdentitySchema {
    id: String,
    validator: jsonschema::Validator,
    rules: node::Node,
    /// The validators of alternatives that hold rules, by their place in the document.
    alternatives: Option<jsonschema::ValidatorMap>,
}

/// What the traits of one identity give it. Every value is normalised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// Identifiers of the password credential.
    pub password: BTreeSet<String>,
    /// Identifiers of the webauthn credential.
    pub webauthn: BTreeSet<String>,
    /// Identifiers of the code credential, each with its channel.
    pub code: BTreeMap<String, Via>,
    /// Addresses to verify.
    pub verifiable: BTreeSet<(Via, String)>,
    /// Addresses to recover through.
    pub recovery: BTreeSet<(Via, String)>,
}

impl IdentitySchema {
    /// Compiles a schema document. Nothing is ever fetched; the size, the references, the fan-out and the patterns
    /// are capped, so that compiling it and validating with it stay cheap.
    ///
    /// # Errors
    /// `invalid_document`, with the place in `details.path`; `invalid_request` for an id that can't be one.
    pub fn compile(id: &str, document: &Value) -> Result<Self> {
        let length = id.chars().count();
        if length == 0 || length > MAX_SCHEMA_ID || id.chars().any(char::is_control) {
            return Err(Error::field(
                "schema_id",
                format!("1 to {MAX_SCHEMA_ID} characters, none of them a control character"),
            ));
        }
        let compiled = document::compile(document)?;
        Ok(Self {
            id: id.to_owned(),
            validator: compiled.validator,
            rules: compiled.rules,
            alternatives: compiled.alternatives,
        })
    }

    /// Its id in the tenant.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The error for an id that names no schema of the tenant.
    pub fn unknown(id: &str) -> Error {
        Error::with_message(
            Code::SchemaViolation,
            format!("Unable to find JSON Schema ID: {id}"),
        )
        .detail("field", "schema_id")
        .detail("expected", "the id of an identity schema of the tenant")
    }

    /// Checks the traits and tells what they give the identity. Phone numbers that are addresses are rewritten in
    /// E.164; everything else stays as it is.
    ///
    /// # Errors
    /// `schema_violation`: the first fault in message, `field` and `expected`, all of the first few in `errors`.
    /// No value of a trait stands in it.
    pub fn check(&self, traits: &mut Value) -> Result<Derived> {
        let mut wrapper = Map::new();
        wrapper.insert("traits".to_owned(), traits.take());
        let mut wrapper = Value::Object(wrapper);
        let checked = self.check_wrapped(&mut wrapper);
        if let Some(inner) = wrapper.get_mut("traits") {
            *traits = inner.take();
        }
        checked
    }

    fn check_wrapped(&self, wrapper: &mut Value) -> Result<Derived> {
        if !wrapper.get("traits").is_some_and(Value::is_object) {
            return Err(violation::of("traits", "an object"));
        }
        if limits::values(wrapper) > MAX_VALUES || wrapper.to_string().len() > MAX_TRAITS {
            let expected = format!("at most {MAX_TRAITS} bytes and {MAX_VALUES} values");
            return Err(violation::of("traits", &expected));
        }
        if let Some(error) = violation::all(self.validator.iter_errors(wrapper)) {
            return Err(error);
        }
        let mut derived = Derived::default();
        collect::Collector::new(self.alternatives.as_ref(), &mut derived)
            .visit(&self.rules, wrapper)?;
        let most = [
            derived.password.len(),
            derived.webauthn.len(),
            derived.code.len(),
            derived.verifiable.len(),
            derived.recovery.len(),
        ];
        if most.into_iter().any(|count| count > MAX_DERIVED) {
            let expected = format!("at most {MAX_DERIVED} identifiers or addresses of one kind");
            return Err(violation::of("traits", &expected));
        }
        Ok(derived)
    }

    /// The schema that every new tenant starts with: `email` (required; identifier for password and code,
    /// verification, recovery) and `name` with `first` and `last`.
    pub fn default_document() -> Value {
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Person",
            "type": "object",
            "properties": {
                "traits": {
                    "type": "object",
                    "properties": {
                        "email": {
                            "type": "string",
                            "format": "email",
                            "title": "E-Mail",
                            "maxLength": 255,
                            "ory.sh/kratos": {
                                "credentials": {
                                    "password": { "identifier": true },
                                    "code": { "identifier": true, "via": "email" }
                                },
                                "verification": { "via": "email" },
                                "recovery": { "via": "email" }
                            }
                        },
                        "name": {
                            "type": "object",
                            "title": "Name",
                            "properties": {
                                "first": { "type": "string", "title": "First name", "maxLength": 255 },
                                "last": { "type": "string", "title": "Last name", "maxLength": 255 }
                            },
                            "additionalProperties": false
                        }
                    },
                    "required": ["email"],
                    "additionalProperties": false
                }
            }
        })
    }

    /// The schema of identities that provisioning systems keep, where a connection has no other: nothing is required. `username` is
    /// the identifier for passwords, `email` for codes, and verification and recovery.
    pub fn provisioned_document() -> Value {
        let text = |title: &str| json!({ "type": "string", "title": title, "maxLength": 255 });
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Provisioned person",
            "type": "object",
            "properties": {
                "traits": {
                    "type": "object",
                    "properties": {
                        "username": {
                            "type": "string",
                            "title": "User name",
                            "maxLength": 255,
                            "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } }
                        },
                        "email": {
                            "type": "string",
                            "format": "email",
                            "title": "E-Mail",
                            "maxLength": 255,
                            "ory.sh/kratos": {
                                "credentials": { "code": { "identifier": true, "via": "email" } },
                                "verification": { "via": "email" },
                                "recovery": { "via": "email" }
                            }
                        },
                        "name": {
                            "type": "object",
                            "title": "Name",
                            "properties": { "first": text("First name"), "last": text("Last name") }
                        },
                        "phone": text("Phone")
                    }
                }
            }
        })
    }
}

impl std::fmt::Debug for IdentitySchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentitySchema")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

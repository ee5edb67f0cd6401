//! Applies the rules of a schema to traits.

use palisade_envelope::Result;
use serde_json::Value;

use super::{Derived, extension::Rule, node::Node, violation::of};
use crate::{Via, change::MAX_IDENTIFIER, normalize};

/// Walks the rules and the traits side by side.
pub(super) struct Collector<'a> {
    alternatives: Option<&'a jsonschema::ValidatorMap>,
    derived: &'a mut Derived,
    path: Vec<String>,
}

impl<'a> Collector<'a> {
    pub(super) const fn new(
        alternatives: Option<&'a jsonschema::ValidatorMap>,
        derived: &'a mut Derived,
    ) -> Self {
        Self {
            alternatives,
            derived,
            path: Vec::new(),
        }
    }

    pub(super) fn visit(&mut self, node: &Node, value: &mut Value) -> Result<()> {
        if let Some(rule) = node.rule {
            self.apply(rule, value)?;
        }
        for node in &node.all {
            self.visit(node, value)?;
        }
        for alternative in &node.alternatives {
            let holds = self
                .alternatives
                .and_then(|map| map.get(&alternative.path))
                .is_some_and(|validator| validator.is_valid(value));
            if holds {
                self.visit(&alternative.node, value)?;
            }
        }
        match value {
            Value::Object(members) => {
                for (name, node) in &node.properties {
                    if let Some(member) = members.get_mut(name) {
                        self.below(name.clone(), node, member)?;
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    if let Some(node) = node.tuple.get(index).or(node.items.as_deref()) {
                        self.below(index.to_string(), node, item)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn below(&mut self, name: String, node: &Node, value: &mut Value) -> Result<()> {
        self.path.push(name);
        let visited = self.visit(node, value);
        self.path.pop();
        visited
    }

    fn apply(&mut self, rule: Rule, value: &mut Value) -> Result<()> {
        let text = match value {
            Value::String(text) => text,
            Value::Null => return Ok(()),
            _ => {
                return Err(
                    self.refuse("a string, because the schema makes it an identifier or address")
                );
            }
        };
        if text.is_empty() {
            return Ok(());
        }
        if rule.channels().any(|via| via == Via::Sms)
            && let Some(number) = normalize::phone(text)
        {
            *text = number;
        }
        // Checked before the work of normalising as well: folding makes text at most 18 times as long.
        if text.len() > 32 * MAX_IDENTIFIER {
            return Err(self.too_long());
        }
        let normal = normalize::identifier(text);
        if normal.is_empty() {
            return Err(self.refuse("at least one visible character"));
        }
        if normal.chars().count() > MAX_IDENTIFIER {
            return Err(self.too_long());
        }
        if rule.password {
            self.derived.password.insert(normal.clone());
        }
        if rule.webauthn {
            self.derived.webauthn.insert(normal.clone());
        }
        if let Some(via) = rule.code {
            self.derived.code.insert(normal.clone(), via);
        }
        if let Some(via) = rule.recovery {
            self.derived.recovery.insert((via, normal.clone()));
        }
        if let Some(via) = rule.verification {
            self.derived.verifiable.insert((via, normal));
        }
        Ok(())
    }

    fn too_long(&self) -> palisade_envelope::Error {
        self.refuse(&format!(
            "at most {MAX_IDENTIFIER} characters, because the schema makes it an identifier or address"
        ))
    }

    fn refuse(&self, expected: &str) -> palisade_envelope::Error {
        of(&self.path.join("."), expected)
    }
}

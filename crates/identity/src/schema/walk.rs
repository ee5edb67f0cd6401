//! The walk over a schema document that gathers its rules and counts what it costs, before it is compiled.

use std::collections::BTreeMap;

use palisade_envelope::Result;
use serde_json::{Map, Value};

use super::{
    extension::{KEYWORD, Rule},
    limits::{MAX_DEPTH, MAX_OPTIONS, MAX_PATTERN, MAX_PATTERNS, MAX_SUBSCHEMAS, member, refuse},
    node::{Alternative, Node},
};

/// Keywords with one subschema, where no rules may stand: which traits they apply to depends on the value.
const WITHOUT_RULES: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords with a map of subschemas, where no rules may stand.
const MAPS_WITHOUT_RULES: &[&str] = &["dependencies", "dependentSchemas", "patternProperties"];

/// The walk over one document.
pub(super) struct Walk<'a> {
    document: &'a Value,
    /// Draft 7 and older: what stands beside `$ref` is ignored.
    ref_stands_alone: bool,
    subschemas: usize,
    patterns: usize,
    options: usize,
    /// The references being followed.
    chain: Vec<&'a str>,
    /// Where a format must be added, because a rule needs one.
    formats: BTreeMap<String, &'static str>,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(document: &'a Value, ref_stands_alone: bool) -> Self {
        Self {
            document,
            ref_stands_alone,
            subschemas: 0,
            patterns: 0,
            options: 0,
            chain: Vec::new(),
            formats: BTreeMap::new(),
        }
    }

    /// The rules of the document, and the formats that they add to it, by place.
    pub(super) fn run(mut self) -> Result<(Node, BTreeMap<String, &'static str>)> {
        let node = self.schema(self.document, "#", 0)?;
        Ok((node, self.formats))
    }

    fn schema(&mut self, schema: &'a Value, path: &str, depth: usize) -> Result<Node> {
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(_) => return Ok(Node::default()),
            _ => {
                return Err(refuse(
                    path,
                    "expected a schema: an object, `true` or `false`",
                ));
            }
        };
        self.count(path, depth)?;
        self.refuse_moving_bases(schema, path, depth)?;
        self.definitions(schema, path, depth)?;
        let mut node = Node::default();
        if let Some(reference) = schema.get("$ref") {
            let target = self.reference(reference, path, depth)?;
            if self.ref_stands_alone {
                if schema.contains_key(KEYWORD) {
                    let reason = "what stands beside `$ref` is ignored in this draft; \
                                  move it into the schema that is referred to, or put the `$ref` into an `allOf`";
                    return Err(refuse(&member(path, KEYWORD), reason));
                }
                return Ok(target);
            }
            push(&mut node.all, target);
        }
        self.rule(&mut node, schema, path)?;
        self.options(schema, path)?;
        self.children(&mut node, schema, path, depth)?;
        self.without_rules(schema, path, depth)?;
        Ok(node)
    }

    fn count(&mut self, path: &str, depth: usize) -> Result<()> {
        self.subschemas += 1;
        if self.subschemas > MAX_SUBSCHEMAS {
            let reason =
                format!("more than {MAX_SUBSCHEMAS} subschemas, each `$ref` counted as a copy");
            return Err(refuse(path, reason));
        }
        if depth > MAX_DEPTH {
            return Err(refuse(
                path,
                format!("subschemas are nested deeper than {MAX_DEPTH}"),
            ));
        }
        Ok(())
    }

    /// References are looked up in this document alone, so nothing may make them mean another.
    fn refuse_moving_bases(
        &self,
        schema: &Map<String, Value>,
        path: &str,
        depth: usize,
    ) -> Result<()> {
        for keyword in ["$dynamicRef", "$recursiveRef"] {
            if schema.contains_key(keyword) {
                return Err(refuse(&member(path, keyword), "not supported; use `$ref`"));
            }
        }
        let moves = ["$id", "id"]
            .into_iter()
            .find(|keyword| schema.get(*keyword).is_some_and(Value::is_string));
        match moves {
            Some(keyword) if depth > 0 => Err(refuse(
                &member(path, keyword),
                "only the root may have an id",
            )),
            _ => Ok(()),
        }
    }

    /// Definitions that nothing refers to are looked at as well: their rules are dropped, their faults are not.
    fn definitions(
        &mut self,
        schema: &'a Map<String, Value>,
        path: &str,
        depth: usize,
    ) -> Result<()> {
        for keyword in ["definitions", "$defs"] {
            let path = member(path, keyword);
            for (name, definition) in map(schema, keyword, &path)? {
                self.schema(definition, &member(&path, name), depth + 1)?;
            }
        }
        Ok(())
    }

    fn reference(&mut self, reference: &'a Value, path: &str, depth: usize) -> Result<Node> {
        let path = member(path, "$ref");
        let Some(text) = reference.as_str() else {
            return Err(refuse(&path, "expected a string"));
        };
        let pointer = match text.strip_prefix('#') {
            Some(pointer)
                if (pointer.is_empty() || pointer.starts_with('/')) && !pointer.contains('%') =>
            {
                pointer
            }
            _ => {
                let reason = "expected a reference into this document such as `#/definitions/name`; nothing is fetched";
                return Err(refuse(&path, reason));
            }
        };
        if self.chain.contains(&text) {
            return Err(refuse(
                &path,
                "the reference leads back to itself; recursion is not supported",
            ));
        }
        let Some(target) = self.document.pointer(pointer) else {
            return Err(refuse(&path, "refers to nothing in this document"));
        };
        self.chain.push(text);
        let node = self.schema(target, text, depth + 1);
        self.chain.pop();
        node
    }

    fn rule(&mut self, node: &mut Node, schema: &'a Map<String, Value>, path: &str) -> Result<()> {
        let Some(value) = schema.get(KEYWORD) else {
            return Ok(());
        };
        let keyword = member(path, KEYWORD);
        let rule = Rule::parse(value, &keyword)?;
        let mut channels = rule.channels();
        if let Some(first) = channels.next()
            && channels.any(|via| via != first)
        {
            return Err(refuse(
                &keyword,
                "one trait can't be both an e-mail address and a phone number",
            ));
        }
        if !schema.contains_key("format")
            && let Some(format) = rule.format()
        {
            self.formats.insert(path.to_owned(), format);
        }
        if !rule.is_empty() {
            node.rule = Some(rule);
        }
        Ok(())
    }

    fn children(
        &mut self,
        node: &mut Node,
        schema: &'a Map<String, Value>,
        path: &str,
        depth: usize,
    ) -> Result<()> {
        let below = member(path, "properties");
        for (name, property) in map(schema, "properties", &below)? {
            let child = self.schema(property, &member(&below, name), depth + 1)?;
            if !child.is_empty() {
                node.properties.insert(name.clone(), child);
            }
        }
        match schema.get("items") {
            Some(Value::Array(_)) => node.tuple = self.list(schema, "items", path, depth)?,
            Some(items) => {
                let child = self.schema(items, &member(path, "items"), depth + 1)?;
                node.items = Some(Box::new(child)).filter(|child| !child.is_empty());
            }
            None => {}
        }
        if schema.contains_key("prefixItems") {
            node.tuple = self.list(schema, "prefixItems", path, depth)?;
        }
        for child in self.list(schema, "allOf", path, depth)? {
            push(&mut node.all, child);
        }
        for keyword in ["anyOf", "oneOf"] {
            for (index, child) in self
                .list(schema, keyword, path, depth)?
                .into_iter()
                .enumerate()
            {
                if !child.is_empty() {
                    let path = member(&member(path, keyword), &index.to_string());
                    node.alternatives.push(Alternative { path, node: child });
                }
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        schema: &'a Map<String, Value>,
        keyword: &str,
        path: &str,
        depth: usize,
    ) -> Result<Vec<Node>> {
        let path = member(path, keyword);
        match schema.get(keyword) {
            None => Ok(Vec::new()),
            Some(Value::Array(schemas)) => schemas
                .iter()
                .enumerate()
                .map(|(index, schema)| {
                    self.schema(schema, &member(&path, &index.to_string()), depth + 1)
                })
                .collect(),
            Some(_) => Err(refuse(&path, "expected a list of schemas")),
        }
    }

    fn without_rules(
        &mut self,
        schema: &'a Map<String, Value>,
        path: &str,
        depth: usize,
    ) -> Result<()> {
        for keyword in WITHOUT_RULES {
            if let Some(child) = schema.get(*keyword) {
                self.without_rule(child, &member(path, keyword), depth)?;
            }
        }
        for keyword in MAPS_WITHOUT_RULES {
            let path = member(path, keyword);
            for (name, child) in map(schema, keyword, &path)? {
                if *keyword == "patternProperties" {
                    self.pattern(name, &path)?;
                }
                // `dependencies` may also list the names of properties.
                if !child.is_array() {
                    self.without_rule(child, &member(&path, name), depth)?;
                }
            }
        }
        match schema.get("pattern") {
            Some(Value::String(pattern)) => self.pattern(pattern, &member(path, "pattern")),
            Some(_) => Err(refuse(&member(path, "pattern"), "expected a string")),
            None => Ok(()),
        }
    }

    fn without_rule(&mut self, schema: &'a Value, path: &str, depth: usize) -> Result<()> {
        if self.schema(schema, path, depth + 1)?.is_empty() {
            return Ok(());
        }
        let reason = format!(
            "`{KEYWORD}` has no effect below this keyword; put it into `properties` or `items`"
        );
        Err(refuse(path, reason))
    }

    fn options(&mut self, schema: &Map<String, Value>, path: &str) -> Result<()> {
        self.options += schema
            .get("enum")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        if self.options > MAX_OPTIONS {
            let reason = format!("more than {MAX_OPTIONS} options, each `$ref` counted as a copy");
            return Err(refuse(&member(path, "enum"), reason));
        }
        Ok(())
    }

    fn pattern(&mut self, pattern: &str, path: &str) -> Result<()> {
        self.patterns += 1;
        if self.patterns > MAX_PATTERNS {
            return Err(refuse(
                path,
                format!(
                    "more than {MAX_PATTERNS} regular expressions, each `$ref` counted as a copy"
                ),
            ));
        }
        if pattern.len() > MAX_PATTERN {
            return Err(refuse(
                path,
                format!("the regular expression is longer than {MAX_PATTERN} bytes"),
            ));
        }
        Ok(())
    }
}

fn push(nodes: &mut Vec<Node>, node: Node) {
    if !node.is_empty() {
        nodes.push(node);
    }
}

fn map<'a>(
    schema: &'a Map<String, Value>,
    keyword: &str,
    path: &str,
) -> Result<impl Iterator<Item = (&'a String, &'a Value)> + use<'a>> {
    match schema.get(keyword) {
        None => Ok(None.into_iter().flatten()),
        Some(Value::Object(members)) => Ok(Some(members.iter()).into_iter().flatten()),
        Some(_) => Err(refuse(path, "expected an object")),
    }
}

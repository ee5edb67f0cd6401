//! From a schema document to its validator and rules.

use jsonschema::{Draft, PatternOptions, ValidationOptions, Validator, ValidatorMap};
use palisade_envelope::Result;
use serde_json::Value;

use super::{
    email::Emails,
    limits::{COMPILED_PATTERN, MAX_TEXT, deeper_than, refuse},
    node::Node,
    walk::Walk,
};
use crate::{json, normalize};

pub(super) struct Compiled {
    pub(super) validator: Validator,
    pub(super) rules: Node,
    pub(super) alternatives: Option<ValidatorMap>,
}

pub(super) fn compile(document: &Value) -> Result<Compiled> {
    if !document.is_object() {
        return Err(refuse("#", "expected an object"));
    }
    // Before anything that recurses over the document.
    if deeper_than(document, json::MAX_DEPTH) {
        return Err(refuse(
            "#",
            format!("nested deeper than {}", json::MAX_DEPTH),
        ));
    }
    if document.to_string().len() > MAX_TEXT {
        return Err(refuse("#", format!("larger than {MAX_TEXT} bytes")));
    }
    let draft = draft(document)?;
    let (rules, formats) = Walk::new(document, draft <= Draft::Draft7).run()?;
    if document.pointer("/properties/traits").is_none() {
        return Err(refuse(
            "#/properties/traits",
            "expected the schema of the traits",
        ));
    }
    let mut document = document.clone();
    for (path, format) in formats {
        let place = path
            .strip_prefix('#')
            .and_then(|pointer| document.pointer_mut(pointer));
        if let Some(Value::Object(schema)) = place {
            schema.insert("format".to_owned(), format.into());
        }
    }
    let options = options(draft, Emails::new()?);
    let validator = options.build(&document).map_err(|error| faulty(&error))?;
    let mut paths = Vec::new();
    rules.alternatives(&mut |path| paths.push(path.to_owned()));
    let alternatives = if paths.is_empty() {
        None
    } else {
        let map = options
            .build_map(&document)
            .map_err(|error| faulty(&error))?;
        if let Some(path) = paths.iter().find(|path| !map.contains_key(path)) {
            return Err(refuse(
                path,
                "an alternative can't have identifiers or addresses here",
            ));
        }
        Some(map)
    };
    Ok(Compiled {
        validator,
        rules,
        alternatives,
    })
}

fn options(draft: Draft, emails: Emails) -> ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(draft)
        .offline()
        // Linear in the input, whatever the pattern; look-around and back references do not exist in it.
        .with_pattern_options(
            PatternOptions::regex()
                .size_limit(COMPILED_PATTERN)
                .dfa_size_limit(COMPILED_PATTERN),
        )
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .with_format("email", move |text: &str| emails.is_email(text))
        .with_format("tel", |text: &str| normalize::phone(text).is_some())
        .with_format("no-validate", |_: &str| true)
        // The built-in check would compile whatever regular expression a trait holds.
        .with_format("regex", |_: &str| true)
}

fn draft(document: &Value) -> Result<Draft> {
    let Some(schema) = document.get("$schema") else {
        return Ok(Draft::Draft7);
    };
    let name = schema.as_str().unwrap_or_default().trim_end_matches('#');
    let name = name
        .strip_prefix("https://")
        .or_else(|| name.strip_prefix("http://"))
        .unwrap_or(name);
    match name.strip_prefix("json-schema.org/") {
        Some("draft-04/schema") => Ok(Draft::Draft4),
        Some("draft-06/schema") => Ok(Draft::Draft6),
        Some("draft-07/schema" | "schema") => Ok(Draft::Draft7),
        Some("draft/2019-09/schema") => Ok(Draft::Draft201909),
        Some("draft/2020-12/schema") => Ok(Draft::Draft202012),
        _ => Err(refuse(
            "#/$schema",
            "expected draft-04, draft-06, draft-07, 2019-09 or 2020-12 of json-schema.org",
        )),
    }
}

/// What the compiler found, by the meta-schema or in a regular expression. It speaks of the tenant's own document.
fn faulty(error: &jsonschema::ValidationError<'_>) -> palisade_envelope::Error {
    use jsonschema::error::ValidationErrorKind as Kind;
    let path = format!("#{}", error.instance_path().as_str());
    let reason = match error.kind() {
        Kind::Format { format } if format == "regex" => {
            "not a regular expression that is supported here (look-around and back references are not), or too large"
                .to_owned()
        }
        _ => super::violation::expected(error),
    };
    refuse(&path, format!("expected {reason}"))
}

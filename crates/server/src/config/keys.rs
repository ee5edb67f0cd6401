//! The keys that there are, and of what kind each is: read off the embedded defaults.

use std::collections::BTreeMap;

use config::{File, FileFormat, Source as _, Value, ValueKind};

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
    Flag,
}

impl Kind {
    const fn of(value: &ValueKind) -> Option<Self> {
        match value {
            ValueKind::String(_) => Some(Self::Text),
            ValueKind::I64(_) | ValueKind::U64(_) | ValueKind::I128(_) | ValueKind::U128(_) => {
                Some(Self::Integer)
            }
            ValueKind::Float(_) => Some(Self::Number),
            ValueKind::Boolean(_) => Some(Self::Flag),
            ValueKind::Nil | ValueKind::Table(_) | ValueKind::Array(_) => None,
        }
    }

    /// For an error message.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Flag => "true or false",
        }
    }

    /// Whether a value of a file is of this kind. A whole number is a number, too.
    pub(super) fn accepts(self, value: &ValueKind) -> bool {
        Self::of(value)
            .is_some_and(|kind| kind == self || (self == Self::Number && kind == Self::Integer))
    }

    /// A value of this kind from the text of an environment variable.
    pub(super) fn parse(self, text: &str) -> Option<ValueKind> {
        match self {
            Self::Text => Some(ValueKind::String(text.to_owned())),
            Self::Integer => text.trim().parse().ok().map(ValueKind::I64),
            Self::Number => text.trim().parse().ok().map(ValueKind::Float),
            Self::Flag => text.trim().parse().ok().map(ValueKind::Boolean),
        }
    }
}

/// Every key, as `section.key`, with its kind.
pub(super) struct Keys(BTreeMap<String, Kind>);

impl Keys {
    /// The keys whose value may stand in a file that the environment names.
    pub(super) const SECRETS: &[&str] = &["database.url", "database.replica_url"];

    /// The keys of the embedded defaults.
    pub(super) fn known() -> Result<Self, String> {
        let defaults = File::from_str(super::DEFAULTS, FileFormat::Toml)
            .collect()
            .map_err(|error| format!("the embedded defaults can't be read: {error}"))?;
        let mut keys = BTreeMap::new();
        for (key, value) in leaves(defaults) {
            if let Some(kind) = Kind::of(&value.kind) {
                keys.insert(key, kind);
            }
        }
        Ok(Self(keys))
    }

    pub(super) fn kind(&self, key: &str) -> Option<Kind> {
        self.0.get(key).copied()
    }

    pub(super) fn is_section(&self, name: &str) -> bool {
        self.0.keys().any(|key| {
            key.split_once('.')
                .is_some_and(|(section, _)| section == name)
        })
    }

    /// The known key that looks most like `key`.
    pub(super) fn nearest(&self, key: &str) -> &str {
        let likeness = |known: &str| {
            let (section, last) = known.split_once('.').unwrap_or(("", known));
            // `listen` alone, without its section, is nearest to a key that ends so.
            let alone = strsim::normalized_damerau_levenshtein(key, last) * 0.9;
            let section = strsim::normalized_damerau_levenshtein(key, section) * 0.8;
            strsim::normalized_damerau_levenshtein(key, known)
                .max(alone)
                .max(section)
        };
        self.0
            .keys()
            .map(String::as_str)
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
            .unwrap_or_default()
    }
}

/// The leaves of a tree of tables, each with its dotted key.
pub(super) fn leaves(tree: impl IntoIterator<Item = (String, Value)>) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (key, value) in tree {
        match value.kind {
            ValueKind::Table(inner) => {
                let inner = leaves(inner);
                if inner.is_empty() {
                    found.push((key, Value::new(None, ValueKind::Nil)));
                } else {
                    found.extend(
                        inner
                            .into_iter()
                            .map(|(rest, value)| (format!("{key}.{rest}"), value)),
                    );
                }
            }
            _ => found.push((key, value)),
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operating_manual_lists_every_key_and_no_other() {
        let manual = std::fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/OPERATING.md"
        ));
        let manual = manual.expect("the manual");
        let mut listed: Vec<&str> = manual
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .filter_map(|line| line.split_once("` |").map(|(key, _)| key))
            .filter(|key| key.contains('.'))
            .collect();
        listed.sort_unstable();
        let known = Keys::known().expect("the defaults");
        assert_eq!(
            listed,
            known.0.keys().map(String::as_str).collect::<Vec<_>>()
        );
    }

    #[test]
    fn every_key_has_an_explanation_above_it() {
        let mut explained = false;
        for line in super::super::DEFAULTS.lines() {
            if line.starts_with('#') {
                explained = true;
            } else if line.contains(" = ") {
                assert!(explained, "{line}");
                explained = false;
            } else {
                explained = false;
            }
        }
    }
}

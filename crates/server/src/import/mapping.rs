//! The mapping file: which fields of the source become what.

use std::collections::{BTreeMap, BTreeSet};

use palisade_envelope::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Format, Options,
    record::{Record, at},
};
use crate::Failure;

/// A mapping, checked.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    /// The text of the file; empty where there is none.
    pub(super) text: String,
    fields: Vec<(String, Target, From)>,
    constants: Vec<(String, Target, Value)>,
    without: BTreeSet<String>,
    delimiter: Option<char>,
    /// Whether a file was given; without one the columns of CSV are known by their names.
    given: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fields: BTreeMap<String, toml::Value>,
    #[serde(default)]
    constants: BTreeMap<String, toml::Value>,
    #[serde(default)]
    without: BTreeSet<String>,
    delimiter: Option<char>,
}

/// Where a value comes from, and what is made of it on the way.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    from: String,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    #[serde(default)]
    values: BTreeMap<String, String>,
    separator: Option<String>,
}

/// What a text is to become.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    List,
    Json,
}

/// What of an identity a value is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// A text of this name at the top: `external_id`, `schema_id`...
    Text(&'static str),
    Time(&'static str),
    State,
    /// In `traits`, `metadata_public` or `metadata_admin`.
    Inside(Vec<String>),
    PasswordHash,
    Password,
    VerifiedEmail,
    VerifiedSms,
    Totp,
    /// `oidc` or `saml`, and the provider.
    Account(&'static str, String),
}

const TARGETS: &str = "`id`, `external_id`, `schema_id`, `organization_id`, `state`, `created_at`, `updated_at`, \
     `state_changed_at`, `verified`, `verified_sms`, `password_hash`, `password`, `totp_url`, `oidc.<provider>`, \
     `saml.<provider>`, `traits.<name>`, `metadata_public.<name>` or `metadata_admin.<name>`";

impl Target {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Text("id"),
            "external_id" => Self::Text("external_id"),
            "schema_id" => Self::Text("schema_id"),
            "organization_id" => Self::Text("organization_id"),
            "created_at" => Self::Time("created_at"),
            "updated_at" => Self::Time("updated_at"),
            "state_changed_at" => Self::Time("state_changed_at"),
            "state" => Self::State,
            "verified" => Self::VerifiedEmail,
            "verified_sms" => Self::VerifiedSms,
            "password_hash" => Self::PasswordHash,
            "password" => Self::Password,
            "totp_url" => Self::Totp,
            _ => {
                let (first, rest) = name.split_once('.').unwrap_or((name, ""));
                match first {
                    "oidc" if !rest.is_empty() => Self::Account("oidc", rest.to_owned()),
                    "saml" if !rest.is_empty() => Self::Account("saml", rest.to_owned()),
                    "traits" if rest.is_empty() => return None,
                    "traits" | "metadata_public" | "metadata_admin" => {
                        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
                        if path.iter().any(String::is_empty) {
                            return None;
                        }
                        Self::Inside(path)
                    }
                    _ => return None,
                }
            }
        })
    }

    /// The member that a built-in mapping fills, too, and this one instead.
    fn member(&self) -> Option<&str> {
        match self {
            Self::Inside(path) => path.first().map(String::as_str),
            _ => None,
        }
    }
}

impl Mapping {
    /// The mapping that the options name.
    pub(super) fn load(options: &Options) -> Result<Self, Failure> {
        let Some(path) = &options.mapping else {
            return Ok(Self::default());
        };
        if options.format == Format::Ory {
            return Err(Failure::new(
                "Ory's identities need no mapping: `--mapping` goes with keycloak, auth0 and csv",
            ));
        }
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(format!(
                "the mapping `{}` can't be read: {error}",
                path.display()
            ))
        })?;
        Self::parse(text)
            .map_err(|reason| Failure::new(format!("the mapping `{}`: {reason}", path.display())))
    }

    fn parse(text: String) -> Result<Self, String> {
        let file: File = toml::from_str(&text).map_err(|error| error.to_string())?;
        let target = |name: &str| {
            Target::parse(name)
                .ok_or_else(|| format!("`{name}` is nothing to map to; expected one of {TARGETS}"))
        };
        let mut fields = Vec::new();
        for (name, value) in file.fields {
            let from = match value {
                toml::Value::String(from) => From {
                    from,
                    ..From::default()
                },
                other => other.try_into().map_err(|error: toml::de::Error| {
                    format!("`fields.{name}`: {}", error.message())
                })?,
            };
            fields.push((name.clone(), target(&name)?, from));
        }
        let mut constants = Vec::new();
        for (name, value) in file.constants {
            let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
            constants.push((name.clone(), target(&name)?, value));
        }
        if file
            .delimiter
            .is_some_and(|delimiter| !delimiter.is_ascii())
        {
            return Err("`delimiter` must be one ASCII character".to_owned());
        }
        for name in &file.without {
            if ![
                "traits",
                "metadata_public",
                "metadata_admin",
                "external_id",
                "credentials",
            ]
            .contains(&name.as_str())
            {
                return Err(format!(
                    "`without`: `{name}` is none of `traits`, `metadata_public`, `metadata_admin`, `external_id` and `credentials`"
                ));
            }
        }
        Ok(Self {
            text,
            fields,
            constants,
            without: file.without,
            delimiter: file.delimiter,
            given: true,
        })
    }

    /// What separates the columns of CSV.
    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
            .and_then(|delimiter| u8::try_from(delimiter).ok())
            .unwrap_or(b',')
    }

    /// Fits the mapping to the columns of a CSV file: without a file given, columns have names that say what they are.
    pub(super) fn of_columns(&mut self, columns: &[String]) -> Result<(), Failure> {
        if self.given {
            return match self
                .fields
                .iter()
                .find(|(_, _, from)| !columns.contains(&from.from))
            {
                Some((name, _, from)) => Err(Failure::new(format!(
                    "the mapping takes `{name}` from the column `{}`, which the file does not have; it has {}",
                    from.from,
                    columns.join(", ")
                ))),
                None => Ok(()),
            };
        }
        self.fields.clear();
        for column in columns {
            let name = match column.as_str() {
                "email" => "traits.email",
                "first_name" => "traits.name.first",
                "last_name" => "traits.name.last",
                "email_verified" => "verified",
                other => other,
            };
            let target = Target::parse(name).ok_or_else(|| {
                Failure::new(format!(
                    "it is not known what the column `{column}` is: name the columns in a file for `--mapping`, or call \
                     them `email`, `first_name`, `last_name`, `email_verified`, or one of {TARGETS}"
                ))
            })?;
            let from = From {
                from: column.clone(),
                ..From::default()
            };
            self.fields.push((name.to_owned(), target, from));
        }
        Ok(())
    }

    /// Lays the mapping over what the format makes of the source by itself.
    pub(super) fn apply(&self, source: &Value, record: &mut Record) -> Result<()> {
        for name in &self.without {
            record.remove(name);
        }
        let targets = self.fields.iter().map(|(_, target, _)| target);
        let mut filled: Vec<&str> = targets
            .chain(self.constants.iter().map(|(_, target, _)| target))
            .filter_map(Target::member)
            .collect();
        filled.sort_unstable();
        filled.dedup();
        // What is mapped by hand is mapped whole.
        for name in filled {
            record.remove(name);
        }
        for (name, target, value) in &self.constants {
            fill(record, name, target, value.clone())?;
        }
        for (name, target, from) in &self.fields {
            if let Some(value) = from.of(source, name)? {
                fill(record, name, target, value)?;
            }
        }
        Ok(())
    }
}

impl From {
    /// The value; `None` where the source has none, or an empty text.
    fn of(&self, source: &Value, name: &str) -> Result<Option<Value>> {
        let Some(value) = at(source, &self.from) else {
            return Ok(None);
        };
        let mapped = plain(value).and_then(|text| self.values.get(&text));
        let value = match mapped {
            Some(text) => Value::from(text.as_str()),
            None => value.clone(),
        };
        let Value::String(text) = &value else {
            return Ok(Some(value));
        };
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = |expected: &str| Error::field(name, format!("{expected} in `{}`", self.from));
        let text = text.trim();
        Ok(Some(match self.kind {
            None | Some(Kind::Text) => value.clone(),
            Some(Kind::Integer) => match text.parse::<i64>() {
                Ok(number) => json!(number),
                Err(_) => return Err(wrong("a whole number")),
            },
            Some(Kind::Number) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => json!(number),
                _ => return Err(wrong("a number")),
            },
            Some(Kind::Boolean) => match boolean(text) {
                Some(flag) => json!(flag),
                None => return Err(wrong("`true` or `false`")),
            },
            Some(Kind::List) => text
                .split(self.separator.as_deref().unwrap_or(","))
                .map(|item| item.trim().to_owned())
                .filter(|item| !item.is_empty())
                .collect(),
            Some(Kind::Json) => palisade_identity::json::parse(text.as_bytes())
                .map_err(|error| wrong("JSON").caused_by(error))?,
        }))
    }
}

/// A text, a number or a truth value as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "t" => Some(true),
        "false" | "0" | "no" | "n" | "f" => Some(false),
        _ => None,
    }
}

fn fill(record: &mut Record, name: &str, target: &Target, value: Value) -> Result<()> {
    let wrong = |expected: &str| Error::field(name, expected);
    let text = || plain(&value).ok_or_else(|| wrong("a text"));
    let flag = || {
        plain(&value)
            .and_then(|text| boolean(text.trim()))
            .ok_or_else(|| wrong("`true` or `false`"))
    };
    match target {
        Target::Text(member) => record.set(&[member], Some(text()?.into())),
        Target::Time(member) => {
            let time = instant(text()?.trim()).ok_or_else(|| {
                wrong("a time such as `2026-01-31T12:00:00Z`, a date, or seconds or milliseconds since 1970")
            })?;
            record.set(&[member], Some(time));
        }
        Target::State => {
            let word = text()?.trim().to_ascii_lowercase();
            let state = match (word.as_str(), boolean(&word)) {
                ("active" | "enabled", _) | (_, Some(true)) => "active",
                ("inactive" | "disabled" | "blocked", _) | (_, Some(false)) => "inactive",
                _ => {
                    return Err(wrong(
                        "`active` or `inactive`; `values` of the mapping can say which words mean that",
                    ));
                }
            };
            record.set(&["state"], Some(state.into()));
        }
        Target::Inside(path) => {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            record.set(&path, Some(value));
        }
        Target::PasswordHash => record.set(
            &["credentials", "password", "config", "hashed_password"],
            Some(text()?.trim().into()),
        ),
        Target::Password => record.set(
            &["credentials", "password", "config", "password"],
            Some(text()?.into()),
        ),
        Target::VerifiedEmail => record.verified_email = Some(flag()?),
        Target::VerifiedSms => record.verified_sms = Some(flag()?),
        Target::Totp => record.set(
            &["credentials", "totp", "config", "totp_url"],
            Some(text()?.into()),
        ),
        Target::Account(kind, provider) => record.add_account(kind, provider, text()?.trim()),
    }
    Ok(())
}

/// An instant as RFC 3339 has it; from that, a date, or a number of seconds or milliseconds.
pub(super) fn instant(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse::<i64>() {
        // The year 5138 in seconds, 1973 in milliseconds.
        let milliseconds = if number.abs() < 100_000_000_000 {
            number.checked_mul(1_000)?
        } else {
            number
        };
        return super::record::milliseconds(milliseconds);
    }
    if let Ok(date) = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_hms_opt(0, 0, 0)?.and_utc().to_rfc3339().into());
    }
    for form in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"] {
        if let Ok(time) = chrono::NaiveDateTime::parse_from_str(text, form) {
            return Some(time.and_utc().to_rfc3339().into());
        }
    }
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.to_rfc3339().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Mapping {
        Mapping::parse(text.to_owned()).expect("a mapping")
    }

    #[test]
    fn fields_become_what_the_file_says() {
        let mapping = of(r#"
            delimiter = ";"
            [fields]
            id = "uuid"
            external_id = "no"
            state = { from = "on", values = { ja = "active", nein = "inactive" } }
            created_at = "since"
            verified = "ok"
            password_hash = "hash"
            "traits.email" = "mail"
            "traits.age" = { from = "age", type = "integer" }
            "traits.tags" = { from = "tags", type = "list", separator = "|" }
            "metadata_admin.x" = { from = "json", type = "json" }
            "oidc.github" = "gh"
            "oidc.google" = "gg"
            [constants]
            "traits.department" = "support"
            schema_id = "employee"
        "#);
        assert_eq!(mapping.delimiter(), b';');
        let source = json!({
            "uuid": "7f0d3c52-93a5-4b0c-8a51-0f2b7a0d1c11", "no": "17", "on": "nein", "since": "2020-02-03", "ok": "yes",
            "hash": "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq", "mail": "a@example.org",
            "age": " 42", "tags": "a| b |", "json": "{\"y\": 1}", "gh": "42", "gg": "", "unused": "x",
        });
        let mut record = Record::default();
        mapping.apply(&source, &mut record).expect("fits");
        let identity = record.finish().expect("is one");
        assert!(identity.id.is_some());
        let create = &identity.create;
        assert_eq!(create.external_id.as_deref(), Some("17"));
        assert_eq!(create.schema_id(), "employee");
        assert_eq!(create.state.map(|state| state.as_str()), Some("inactive"));
        let traits = json!({"email": "a@example.org", "age": 42, "tags": ["a", "b"], "department": "support"});
        assert_eq!(create.traits, Some(traits));
        assert_eq!(create.metadata_admin, Some(json!({"x": {"y": 1}})));
        assert_eq!(identity.seen.verified_email, Some(true));
        assert_eq!(create.credentials.oidc.as_ref().map(Vec::len), Some(1));
        assert!(create.credentials.password.is_some());
        assert_eq!(
            identity.seen.created_at.map(|time| time.timestamp()),
            Some(1_580_688_000)
        );
    }

    #[test]
    fn a_value_that_does_not_fit_names_its_field() {
        for (field, value, name) in [
            (
                "\"traits.age\" = { from = \"x\", type = \"integer\" }",
                "old",
                "traits.age",
            ),
            ("state = \"x\"", "maybe", "state"),
            ("verified = \"x\"", "perhaps", "verified"),
            ("created_at = \"x\"", "soon", "created_at"),
            (
                "\"traits.j\" = { from = \"x\", type = \"json\" }",
                "{",
                "traits.j",
            ),
        ] {
            let mapping = of(&format!("[fields]\n{field}\n"));
            let error = mapping
                .apply(&json!({ "x": value }), &mut Record::default())
                .expect_err(name);
            assert_eq!(error.envelope().details["field"], name);
        }
    }

    #[test]
    fn a_file_that_says_nothing_sensible_is_refused() {
        for (text, word) in [
            ("[fields]\nnonsense = \"a\"", "nonsense"),
            ("[fields]\n\"traits\" = \"a\"", "traits"),
            ("[fields]\nid = { from = \"a\", kind = \"b\" }", "fields.id"),
            ("fields = 3", "fields"),
            ("delimiter = \"ab\"", "delimiter"),
            ("without = [\"id\"]", "without"),
        ] {
            let reason = Mapping::parse(text.to_owned()).expect_err(word);
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn instants_come_in_many_forms() {
        for text in [
            "1577934245",
            "1577934245000",
            "2020-01-02T03:04:05Z",
            "2020-01-02 03:04:05",
            "2020-01-02T04:04:05+01:00",
        ] {
            let value = instant(text).expect(text);
            let time = chrono::DateTime::parse_from_rfc3339(value.as_str().expect("a text"));
            assert_eq!(time.expect("a time").timestamp(), 1_577_934_245, "{text}");
        }
        assert!(instant("soon").is_none() && instant("").is_none());
    }
}

//! The mapping file: which fields of the source become what.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use palisade_envelope::{Error, Result};
use palisade_identity::{
    change::ImportIdentity,
    link::{PROVIDER_NAME, is_provider_name},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Format, Options,
    record::{Record, at},
    rows::EXCESS,
};
use crate::Failure;

/// A mapping, checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapping {
    /// The text of the file; empty where there is none.
    pub(super) text: String,
    fields: Vec<(String, Target, From)>,
    constants: Vec<(String, Target, Value)>,
    without: BTreeSet<String>,
    /// Of providers of the source, their names here.
    providers: BTreeMap<String, String>,
    delimiter: Option<char>,
    /// Whether it is fitted to the header of a CSV file. Rejected rows have none: each is fitted to by itself.
    fitted: bool,
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
    #[serde(default)]
    providers: BTreeMap<String, String>,
    delimiter: Option<char>,
}

/// How a mapping does not fit the columns that there are.
enum Misfit {
    /// What this target is taken from is not there.
    Missing { target: String, column: String },
    /// It is not known what the column at this place, from 0, is.
    Unknown(usize),
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
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(format!(
                "the mapping `{}` can't be read: {error}",
                path.display()
            ))
        })?;
        let wrong =
            |reason: String| Failure::new(format!("the mapping `{}`: {reason}", path.display()));
        let mapping = Self::parse(text).map_err(wrong)?;
        if options.format == Format::Csv && !mapping.providers.is_empty() {
            let reason = "`providers` goes with ory, keycloak and auth0: a column's target names its provider";
            return Err(wrong(reason.to_owned()));
        }
        if options.format == Format::Ory && !mapping.only_providers() {
            let reason = "of Ory's identities it can name `providers`, and nothing else";
            return Err(wrong(reason.to_owned()));
        }
        Ok(mapping)
    }

    fn only_providers(&self) -> bool {
        self.fields.is_empty()
            && self.constants.is_empty()
            && self.without.is_empty()
            && self.delimiter.is_none()
    }

    /// An identity of Ory's form with the providers of its accounts as they are called here.
    pub(super) fn named(&self, mut read: ImportIdentity) -> Result<ImportIdentity> {
        let credentials = &mut read.create.credentials;
        for (kind, accounts) in [
            ("oidc", &mut credentials.oidc),
            ("saml", &mut credentials.saml),
        ] {
            for (index, account) in accounts.iter_mut().flatten().enumerate() {
                let field = format!("credentials.{kind}.config.providers.{index}.provider");
                account.provider = self.provider(&account.provider, &field)?;
            }
        }
        Ok(read)
    }

    /// Whether the format itself is to make nothing of this name.
    pub(super) fn leaves_out(&self, name: &str) -> bool {
        self.without.contains(name)
    }

    fn parse(text: String) -> Result<Self, String> {
        // Of the text itself nothing: it can be another file than was meant, with secrets in it.
        let file: File = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let lines = before.map_or(0, |before| before.matches('\n').count());
            format!("line {}: {}", lines + 1, without_values(error.message()))
        })?;
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
                    format!("`fields.{name}`: {}", without_values(error.message()))
                })?,
            };
            fields.push((name.clone(), target(&name)?, from));
        }
        let mut constants = Vec::new();
        for (name, value) in file.constants {
            if has_time(&value) {
                return Err(format!(
                    "`constants.{name}`: a time must be a text, in quotes"
                ));
            }
            let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
            constants.push((name.clone(), target(&name)?, value));
        }
        if file
            .delimiter
            .is_some_and(|delimiter| !delimiter.is_ascii() || "\"\r\n".contains(delimiter))
        {
            return Err(
                "`delimiter` must be one ASCII character, no quote and no line's end".to_owned(),
            );
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
        let mut names = BTreeSet::new();
        for (source, name) in &file.providers {
            if !is_provider_name(name) {
                return Err(format!("`providers.{source}`: expected {PROVIDER_NAME}"));
            }
            if !names.insert(name) {
                return Err(format!(
                    "`providers`: two can't become the same `{name}`: their accounts are different people's"
                ));
            }
        }
        Ok(Self {
            text,
            fields,
            constants,
            without: file.without,
            providers: file.providers,
            delimiter: file.delimiter,
            fitted: false,
            given: true,
        })
    }

    /// What a provider of the source is called here: as the mapping says, else the same. Names are never made to fit: two
    /// that become the same would make accounts of one provider good for identities of the other.
    pub(super) fn provider(&self, name: &str, field: &str) -> Result<String> {
        if let Some(name) = self.providers.get(name) {
            return Ok(name.clone());
        }
        let expected = if self.providers.values().any(|other| other == name) {
            "a provider whose name `providers` of the mapping does not give to another one"
        } else if is_provider_name(name) {
            return Ok(name.to_owned());
        } else {
            "a provider's name as it can be here, or one that `providers` of the mapping names"
        };
        Err(Error::field(field, format!("{expected}: {PROVIDER_NAME}")))
    }

    /// What separates the columns of CSV.
    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
            .and_then(|delimiter| u8::try_from(delimiter).ok())
            .unwrap_or(b',')
    }

    /// Fits the mapping to the header of a CSV file. What stands in it is not told: where there is no header, it is the
    /// first row.
    pub(super) fn of_columns(&mut self, columns: &[String]) -> Result<(), Failure> {
        let many = columns.len();
        self.fit(columns).map_err(|misfit| {
            Failure::new(match misfit {
                Misfit::Missing { target, column } => format!(
                    "the mapping takes `{target}` from the column `{column}`, which is none of the {many} columns of the file"
                ),
                Misfit::Unknown(index) => format!(
                    "it is not known what column {} of {many} is: name the columns in a file for `--mapping`, or call \
                     them `email`, `first_name`, `last_name`, `email_verified`, or one of {TARGETS}",
                    index + 1
                ),
            })
        })
    }

    /// The mapping for a row of CSV: as the header had it, or fitted to the row where it comes from a file of rejected rows.
    pub(super) fn of_row(&self, row: &Map<String, Value>) -> Result<Cow<'_, Self>> {
        if self.fitted {
            return Ok(Cow::Borrowed(self));
        }
        if row.contains_key(EXCESS) {
            let expected = "no such member: each of its cells in the column that it belongs to";
            return Err(Error::field(EXCESS, expected));
        }
        let columns: Vec<String> = row.keys().cloned().collect();
        if columns.is_empty() {
            return Err(Error::field("row", "a member for each column"));
        }
        let mut fitted = self.clone();
        fitted.fit(&columns).map_err(|misfit| match misfit {
            Misfit::Missing { target, column } => Error::field(
                column,
                format!("the column that the mapping takes `{target}` from"),
            ),
            Misfit::Unknown(index) => Error::field(
                columns.get(index).map_or("row", String::as_str),
                format!(
                    "`email`, `first_name`, `last_name`, `email_verified`, or one of {TARGETS}"
                ),
            ),
        })?;
        Ok(Cow::Owned(fitted))
    }

    /// Fits the mapping to these columns: without a file given, they have names that say what they are.
    fn fit(&mut self, columns: &[String]) -> Result<(), Misfit> {
        self.fitted = true;
        if self.given {
            let missing = |from: &From| !columns.contains(&from.from);
            return match self.fields.iter().find(|(_, _, from)| missing(from)) {
                Some((target, _, from)) => Err(Misfit::Missing {
                    target: target.clone(),
                    column: from.from.clone(),
                }),
                None => Ok(()),
            };
        }
        self.fields.clear();
        for (index, column) in columns.iter().enumerate() {
            let name = match column.as_str() {
                "email" => "traits.email",
                "first_name" => "traits.name.first",
                "last_name" => "traits.name.last",
                "email_verified" => "verified",
                other => other,
            };
            let target = Target::parse(name).ok_or(Misfit::Unknown(index))?;
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
        let wrong = |expected: &str| Error::field(name, format!("{expected} in `{}`", self.from));
        let Value::String(text) = &value else {
            let expected = match (self.kind, &value) {
                (Some(Kind::Text), Value::Bool(_) | Value::Number(_)) => match plain(&value) {
                    Some(text) => return Ok(Some(text.into())),
                    None => "a text, or a whole number of 64 bits",
                },
                (None | Some(Kind::Json), _)
                | (Some(Kind::List), Value::Array(_))
                | (Some(Kind::Boolean), Value::Bool(_))
                | (Some(Kind::Number), Value::Number(_)) => return Ok(Some(value)),
                (Some(Kind::Integer), Value::Number(number)) if !number.is_f64() => {
                    return Ok(Some(value));
                }
                (Some(Kind::Text), _) => "a text",
                (Some(Kind::Integer), _) => "a whole number",
                (Some(Kind::Number), _) => "a number",
                (Some(Kind::Boolean), _) => "`true` or `false`",
                (Some(Kind::List), _) => "a list",
            };
            return Err(wrong(expected));
        };
        if text.is_empty() {
            return Ok(None);
        }
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

/// Whether a time of TOML's own is in it, which JSON has no form for.
fn has_time(value: &toml::Value) -> bool {
    match value {
        toml::Value::Datetime(_) => true,
        toml::Value::Array(items) => items.iter().any(has_time),
        toml::Value::Table(members) => members.iter().any(|(_, value)| has_time(value)),
        _ => false,
    }
}

/// A text, a whole number or a truth value as text. What was read as a float is not sure to be what stood there: of a long
/// number, which may be somebody's id, only the beginning is left.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_f64() => None,
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// What was expected, without what stands there.
fn without_values(message: &str) -> Cow<'_, str> {
    let of_value = message.starts_with("invalid ");
    match message.rsplit_once(", expected ").filter(|_| of_value) {
        Some((_, expected)) => format!("expected {expected}").into(),
        None => message.into(),
    }
}

/// Yes or no in one of the words for it.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "t" => Some(true),
        "false" | "0" | "no" | "n" | "f" => Some(false),
        _ => None,
    }
}

fn fill(record: &mut Record, name: &str, target: &Target, value: Value) -> Result<()> {
    let wrong = |expected: &str| Error::field(name, expected);
    let text =
        || plain(&value).ok_or_else(|| wrong("a text, a truth value or a whole number of 64 bits"));
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
        let milliseconds = if number.unsigned_abs() < 100_000_000_000 {
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

    impl Mapping {
        /// The mapping of this text.
        pub(in super::super) fn of(text: &str) -> Self {
            Self::parse(text.to_owned()).expect("a mapping")
        }
    }

    fn of(text: &str) -> Mapping {
        Mapping::of(text)
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
            ("fields = 3", "line 1: expected a map"),
            ("delimiter = \"ab\"", "line 1: expected a character"),
            ("delimiter = '\"'", "delimiter"),
            ("without = [\"id\"]", "without"),
            (
                "[constants]\n\"traits.since\" = 2020-01-01",
                "constants.traits.since",
            ),
            (
                "[providers]\n\"Acme Corp\" = \"Acme\"",
                "providers.Acme Corp",
            ),
            (
                "[providers]\n\"A\" = \"acme\"\n\"B\" = \"acme\"",
                "the same `acme`",
            ),
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
        for far in [i64::MIN, i64::MAX] {
            assert!(instant(&far.to_string()).is_none(), "{far}");
        }
    }

    #[test]
    fn what_stands_in_a_file_that_is_no_mapping_is_not_told() {
        for text in [
            "# a\npal_S3cr3t\n",
            "# a\nkey: $2a$10$S3cr3t",
            "# a\n{\"k\": \"S3cr3t\"}",
        ] {
            let reason = Mapping::parse(text.to_owned()).expect_err(text);
            assert!(!reason.contains("S3cr3t"), "{reason}");
            assert!(reason.starts_with("line 2: "), "{reason}");
        }
        for text in [
            "delimiter = \"S3cr3t, expected\"",
            "without = \"S3cr3t\"",
            "[fields]\nid = [\"S3cr3t\"]",
        ] {
            let reason = Mapping::parse(text.to_owned()).expect_err(text);
            assert!(!reason.contains("S3cr3t"), "{reason}");
            assert!(reason.contains("expected"), "{reason}");
        }
    }

    #[test]
    fn accounts_of_ory_are_at_the_providers_that_the_mapping_names() {
        let row = br#"{"traits": {}, "credentials": {"oidc": {"config": {"providers":
            [{"provider": "GitHub", "subject": "1"}, {"provider": "google", "subject": "2"}]}}}}"#;
        let read = || palisade_identity::decode::imported(row).expect("is read");
        let mapping = of("[providers]\nGitHub = \"github\"");
        assert!(mapping.only_providers());
        let accounts = mapping.named(read()).expect("is known").create.credentials;
        let names = accounts.oidc.into_iter().flatten();
        let names: Vec<String> = names.map(|account| account.provider).collect();
        assert_eq!(names, ["github", "google"]);
        let error = Mapping::default().named(read()).expect_err("no name here");
        let field = &error.envelope().details["field"];
        assert_eq!(field, "credentials.oidc.config.providers.0.provider");
        for more in [
            "delimiter = \";\"",
            "without = [\"traits\"]",
            "[constants]\nstate = \"active\"",
        ] {
            assert!(!of(more).only_providers(), "{more}");
        }
    }

    #[test]
    fn a_number_that_is_too_long_is_no_id() {
        let source: Value =
            serde_json::from_str(r#"{"x": 123456789012345678901234, "y": 7}"#).expect("JSON");
        for target in [
            "external_id = \"x\"",
            "\"oidc.github\" = \"x\"",
            "external_id = { from = \"x\", type = \"text\" }",
        ] {
            let mapping = of(&format!("[fields]\n{target}"));
            mapping
                .apply(&source, &mut Record::default())
                .expect_err(target);
        }
        let mut record = Record::default();
        of("[fields]\nexternal_id = \"y\"")
            .apply(&source, &mut record)
            .expect("fits");
        let external_id = record.finish().expect("is one").create.external_id;
        assert_eq!(external_id.as_deref(), Some("7"));
    }

    #[test]
    fn two_providers_never_become_one() {
        let mapping = of("[providers]\n\"Acme Corp\" = \"acme\"\nAzure = \"entra\"");
        let name = |name| mapping.provider(name, "at").map_err(|error| error.code());
        assert_eq!(name("Acme Corp").as_deref(), Ok("acme"));
        assert_eq!(name("Azure").as_deref(), Ok("entra"));
        assert_eq!(name("github").as_deref(), Ok("github"));
        for refused in ["acme", "Acme", "acme+corp", "GitHub", ""] {
            let error = mapping.provider(refused, "at").expect_err(refused);
            assert_eq!(error.envelope().details["field"], "at", "{refused}");
        }
    }

    #[test]
    fn a_header_that_does_not_fit_is_told_without_what_stands_in_it() {
        let columns = ["k@example.test".to_owned(), "S3cr3t".to_owned()];
        for mut mapping in [Mapping::default(), of("[fields]\nid = \"Number\"")] {
            let failure = mapping.of_columns(&columns).expect_err("does not fit");
            let failure = failure.to_string();
            assert!(
                !failure.contains("S3cr3t") && !failure.contains("k@"),
                "{failure}"
            );
            assert!(
                failure.contains("of 2 is") || failure.contains("`Number`"),
                "{failure}"
            );
        }
    }

    #[test]
    fn rejected_rows_of_csv_are_fitted_each_by_itself() {
        let row = |value: Value| value.as_object().expect("an object").clone();
        let field = |mapping: &Mapping, value: Value| {
            let error = mapping.of_row(&row(value)).expect_err("does not fit");
            error.envelope().details["field"].clone()
        };
        let names = Mapping::default();
        let source = json!({"email": "a@example.org", "last_name": "B"});
        let mut record = Record::default();
        let fitted = names.of_row(&row(source.clone())).expect("fits");
        fitted.apply(&source, &mut record).expect("fits");
        let traits = record.finish().expect("is one").create.traits;
        assert_eq!(
            traits,
            Some(json!({"email": "a@example.org", "name": {"last": "B"}}))
        );
        assert_eq!(field(&names, json!({})), "row");
        assert_eq!(field(&names, json!({"email": "a", "shoe": "1"})), "shoe");
        assert_eq!(field(&names, json!({"email": "a", EXCESS: ["1"]})), EXCESS);
        let given = of("[fields]\n\"traits.email\" = \"Mail\"");
        given
            .of_row(&row(json!({"Mail": "a", "x": "1"})))
            .expect("fits");
        assert_eq!(field(&given, json!({"x": "1"})), "Mail");
    }

    #[test]
    fn a_type_counts_for_what_is_no_text_too() {
        let of = |kind: &str, value: Value| {
            let mapping = of(&format!(
                "[fields]\n\"traits.x\" = {{ from = \"x\", type = \"{kind}\" }}"
            ));
            let mut record = Record::default();
            let applied = mapping.apply(&json!({ "x": value }), &mut record);
            applied.map(|()| record.finish().expect("is one").create.traits)
        };
        assert_eq!(
            of("text", json!(42)).expect("fits"),
            Some(json!({"x": "42"}))
        );
        assert_eq!(
            of("list", json!([1])).expect("fits"),
            Some(json!({"x": [1]}))
        );
        for (kind, value) in [
            ("text", json!([1])),
            ("integer", json!(1.5)),
            ("list", json!(1)),
        ] {
            of(kind, value).expect_err(kind);
        }
    }
}

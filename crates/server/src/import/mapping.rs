//! The mapping file: which fields of the source become what.

#[cfg(test)]
mod tests;

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
    values::{boolean, instant, plain, yes_or_no},
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

/// What was expected, without what stands there.
fn without_values(message: &str) -> Cow<'_, str> {
    let of_value = message.starts_with("invalid ");
    match message.rsplit_once(", expected ").filter(|_| of_value) {
        Some((_, expected)) => format!("expected {expected}").into(),
        None => message.into(),
    }
}

fn fill(record: &mut Record, name: &str, target: &Target, value: Value) -> Result<()> {
    let wrong = |expected: &str| Error::field(name, expected);
    let text =
        || plain(&value).ok_or_else(|| wrong("a text, a truth value or a whole number of 64 bits"));
    let flag = || yes_or_no(&value).ok_or_else(|| wrong("`true` or `false`"));
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

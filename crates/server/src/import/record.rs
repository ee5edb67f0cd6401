//! What the formats that are not Ory's make of a row: an identity in Ory's form, member by member.

use palisade_envelope::{Error, Result};
use palisade_identity::{change::ImportIdentity, decode};
use serde_json::{Map, Value, json};

use super::values::yes_or_no;

/// An identity on its way.
#[derive(Debug, Default)]
pub(super) struct Record {
    members: Map<String, Value>,
    pub(super) verified_email: Option<bool>,
    pub(super) verified_sms: Option<bool>,
}

impl Record {
    /// Sets the member at this path, such as `["traits", "name", "first"]`; what is absent stays absent.
    pub(super) fn set(&mut self, path: &[&str], value: Option<Value>) {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return;
        };
        let Some((last, above)) = path.split_last() else {
            return;
        };
        let mut members = &mut self.members;
        for name in above {
            let member = members.entry((*name).to_owned()).or_insert(Value::Null);
            if !member.is_object() {
                *member = json!({});
            }
            match member {
                Value::Object(inner) => members = inner,
                _ => return,
            }
        }
        members.insert((*last).to_owned(), value);
    }

    /// Says that the source has this e-mail address as verified. That counts for the address itself, where the traits name
    /// it, and for no other one: what is in another trait may be what a user wrote there.
    pub(super) fn verified(&mut self, email: &str) {
        let since = self.members.get("created_at").cloned();
        let address =
            json!({"value": email, "via": "email", "verified": true, "verified_at": since});
        self.set(&["verifiable_addresses"], Some(json!([address])));
    }

    /// Removes the member of this name.
    pub(super) fn remove(&mut self, name: &str) {
        self.members.remove(name);
    }

    /// Adds an account at a provider; `kind` is `oidc` or `saml`.
    pub(super) fn add_account(&mut self, kind: &str, provider: &str, subject: &str) {
        let account = json!({ "provider": provider, "subject": subject });
        let path = format!("/credentials/{kind}/config/providers");
        let mut whole = Value::Object(std::mem::take(&mut self.members));
        let added = match whole.pointer_mut(&path) {
            Some(Value::Array(accounts)) => {
                accounts.push(account.clone());
                true
            }
            _ => false,
        };
        if let Value::Object(members) = whole {
            self.members = members;
        }
        if !added {
            let path = ["credentials", kind, "config", "providers"];
            self.set(&path, Some(json!([account])));
        }
    }

    /// The identity.
    pub(super) fn finish(self) -> Result<ImportIdentity> {
        let mut identity = decode::imported_value(Value::Object(self.members))?;
        identity.seen.verified_email = self.verified_email;
        identity.seen.verified_sms = self.verified_sms;
        Ok(identity)
    }
}

/// What stands at this path of a source: the member of this whole name, or one by one through objects and lists.
/// `None` where there is nothing, or `null`.
pub(super) fn at<'a>(source: &'a Value, path: &str) -> Option<&'a Value> {
    let found = match source.get(path) {
        Some(found) => Some(found),
        None => path.split('.').try_fold(source, |value, name| match value {
            Value::Object(members) => members.get(name),
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            _ => None,
        }),
    };
    found.filter(|value| !value.is_null())
}

/// The text at this path; `None` where there is none, or an empty one.
pub(super) fn text<'a>(source: &'a Value, path: &str) -> Option<&'a str> {
    at(source, path)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// The text at this path, which may be absent, but nothing else.
///
/// # Errors
/// `invalid_request` naming the path where something else stands there.
pub(super) fn only_text<'a>(source: &'a Value, path: &str) -> Result<Option<&'a str>> {
    match at(source, path) {
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(Error::field(path, "a text")),
        None => Ok(None),
    }
}

/// The list at this path; empty where there is none.
///
/// # Errors
/// `invalid_request` naming the path where something else stands there.
pub(super) fn list<'a>(source: &'a Value, path: &str) -> Result<&'a [Value]> {
    match at(source, path) {
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(Error::field(path, "a list")),
        None => Ok(&[]),
    }
}

/// The yes or no at this path, also in words: what can't be told must not pass for one of them. `None` where there is none.
///
/// # Errors
/// `invalid_request` naming the path where something else stands there.
pub(super) fn flag(source: &Value, path: &str) -> Result<Option<bool>> {
    match at(source, path) {
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(value) => yes_or_no(value)
            .map(Some)
            .ok_or_else(|| Error::field(path, "`true` or `false`")),
        None => Ok(None),
    }
}

/// The object of a row.
pub(super) fn object(source: &Value) -> Result<()> {
    if source.is_object() {
        Ok(())
    } else {
        Err(Error::field("row", "an object"))
    }
}

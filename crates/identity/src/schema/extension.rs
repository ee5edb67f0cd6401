//! The keyword `ory.sh/kratos`.

use palisade_envelope::Result;
use serde_json::{Map, Value};

use super::limits::{member, refuse};
use crate::Via;

/// The keyword.
pub(super) const KEYWORD: &str = "ory.sh/kratos";

/// What one trait is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) password: bool,
    pub(super) webauthn: bool,
    pub(super) code: Option<Via>,
    pub(super) verification: Option<Via>,
    pub(super) recovery: Option<Via>,
}

impl Rule {
    /// Reads the value of the keyword. Strict: what it does not know is refused, so that nobody believes it in force.
    pub(super) fn parse(value: &Value, path: &str) -> Result<Self> {
        let mut rule = Self::default();
        for (name, value) in object(value, path)? {
            let path = member(path, name);
            match name.as_str() {
                "credentials" => rule.credentials(value, &path)?,
                "verification" => rule.verification = Some(only_via(value, &path)?),
                "recovery" => rule.recovery = Some(only_via(value, &path)?),
                "organizations" => organizations(value, &path)?,
                _ => {
                    return Err(unknown(
                        &path,
                        "`credentials`, `verification`, `recovery`, `organizations`",
                    ));
                }
            }
        }
        Ok(rule)
    }

    fn credentials(&mut self, value: &Value, path: &str) -> Result<()> {
        for (name, value) in object(value, path)? {
            let path = member(path, name);
            match name.as_str() {
                "password" => self.password = only_flag(value, &path, "identifier")?,
                "webauthn" => self.webauthn = only_flag(value, &path, "identifier")?,
                "code" => self.code = code(value, &path)?,
                // They only name the account in the user's authenticator.
                "passkey" => drop(only_flag(value, &path, "display_name")?),
                "totp" => drop(only_flag(value, &path, "account_name")?),
                _ => {
                    return Err(unknown(
                        &path,
                        "`password`, `webauthn`, `code`, `passkey`, `totp`",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether it makes the trait an identifier or address at all.
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// The channels that it names.
    pub(super) fn channels(self) -> impl Iterator<Item = Via> {
        [self.code, self.verification, self.recovery]
            .into_iter()
            .flatten()
    }

    /// The format that the value must have where the schema names none.
    pub(super) fn format(self) -> Option<&'static str> {
        self.channels().next().map(|via| match via {
            Via::Email => "email",
            Via::Sms => "tel",
        })
    }
}

fn code(value: &Value, path: &str) -> Result<Option<Via>> {
    let mut identifier = false;
    let mut channel = None;
    for (name, value) in object(value, path)? {
        let path = member(path, name);
        match name.as_str() {
            "identifier" => identifier = flag(value, &path)?,
            "via" => channel = Some(via(value, &path)?),
            _ => return Err(unknown(&path, "`identifier`, `via`")),
        }
    }
    match (identifier, channel) {
        (true, None) => Err(refuse(
            &member(path, "via"),
            "expected `email` or `sms`, because the code is sent there",
        )),
        (true, channel) => Ok(channel),
        (false, _) => Ok(None),
    }
}

fn organizations(value: &Value, path: &str) -> Result<()> {
    for (name, value) in object(value, path)? {
        let path = member(path, name);
        match (name.as_str(), value.as_str()) {
            ("matcher", Some("email_domain")) => {}
            ("matcher", _) => return Err(refuse(&path, "expected `email_domain`")),
            _ => return Err(unknown(&path, "`matcher`")),
        }
    }
    Ok(())
}

fn only_flag(value: &Value, path: &str, expected: &str) -> Result<bool> {
    let mut set = false;
    for (name, value) in object(value, path)? {
        let path = member(path, name);
        if name != expected {
            return Err(unknown(&path, &format!("`{expected}`")));
        }
        set = flag(value, &path)?;
    }
    Ok(set)
}

fn only_via(value: &Value, path: &str) -> Result<Via> {
    let mut channel = None;
    for (name, value) in object(value, path)? {
        let path = member(path, name);
        if name != "via" {
            return Err(unknown(&path, "`via`"));
        }
        channel = Some(via(value, &path)?);
    }
    channel.ok_or_else(|| refuse(&member(path, "via"), "expected `email` or `sms`"))
}

fn via(value: &Value, path: &str) -> Result<Via> {
    match value.as_str() {
        Some("email") => Ok(Via::Email),
        Some("sms") => Ok(Via::Sms),
        _ => Err(refuse(path, "expected `email` or `sms`")),
    }
}

fn flag(value: &Value, path: &str) -> Result<bool> {
    value
        .as_bool()
        .ok_or_else(|| refuse(path, "expected `true` or `false`"))
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>> {
    value
        .as_object()
        .ok_or_else(|| refuse(path, "expected an object"))
}

fn unknown(path: &str, known: &str) -> palisade_envelope::Error {
    refuse(
        path,
        format!("`{KEYWORD}` does not know this member; it knows {known} here"),
    )
}

//! The name of a tenant.

use palisade_envelope::{Error, Result};

/// Names that could be taken for a part of the deployment: nobody gets rights by being called so, but people
/// reading a log might think it.
const RESERVED: &[&str] = &[
    "access",
    "admin",
    "administrator",
    "all",
    "any",
    "anonymous",
    "api",
    "default",
    "everyone",
    "guest",
    "health",
    "iam",
    "internal",
    "me",
    "none",
    "null",
    "operator",
    "operators",
    "owner",
    "palisade",
    "platform",
    "public",
    "root",
    "scim",
    "self",
    "superuser",
    "support",
    "sys",
    "system",
    "tenant",
    "tenants",
    "undefined",
    "v1",
    "v2",
    "www",
];

/// A slug that is good as the name of a tenant: 2 to 63 lower-case ASCII letters, digits and hyphens, the first no
/// hyphen; neither reserved nor a UUID, which would read as a tenant's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantName(String);

impl TenantName {
    /// The name in this text, exactly as it stands there.
    ///
    /// # Errors
    /// `invalid_request` naming the field `name` and what is expected in it.
    pub fn parse(text: &str) -> Result<Self> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(2..=63).contains(&text.len()) || !text.chars().all(allowed) || text.starts_with('-') {
            return Err(Error::field(
                "name",
                "2 to 63 lower-case letters, digits and hyphens, and no hyphen at the beginning",
            ));
        }
        if RESERVED.contains(&text) {
            return Err(Error::field(
                "name",
                format!("a name that is not reserved, as `{text}` is"),
            ));
        }
        if uuid::Uuid::try_parse(text).is_ok() {
            return Err(Error::field("name", "a name that is not a UUID"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abuse_13_privileged_odd_and_look_alike_names_are_refused() {
        for name in [
            "admin",
            "system",
            "platform",
            "operator",
            "root",
            "default",
            "..",
            "*",
            "",
            "a",
            "-a",
            "A",
            "Demo",
            "a b",
            "a/b",
            "a.b",
            "a_b",
            "adm\u{456}n",
            "ｄｅｍｏ",
            "demo\n",
            "demo ",
            "018f4b1e-0000-7000-8000-000000000001",
            "018f4b1e000070008000000000000001",
        ] {
            let error = TenantName::parse(name).expect_err(name);
            assert_eq!(error.envelope().details["field"], "name");
        }
        assert!(TenantName::parse(&"a".repeat(64)).is_err());
    }

    #[test]
    fn plain_slugs_are_names() {
        for name in [
            "demo",
            "a1",
            "0a",
            "acme-ltd",
            "administrators-of-acme",
            &"a".repeat(63),
        ] {
            assert_eq!(TenantName::parse(name).expect(name).as_str(), name);
        }
    }
}

//! Versions of resources as weak entity tags, and the preconditions that name them (RFC 7644 section 3.14).

use std::fmt;

use palisade_envelope::{Code, Error, Result};

/// The version of a resource: `W/"7"`. It is weak because the same state has several texts: projections, keys in another
/// order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(i64);

impl Version {
    /// The version of this revision.
    pub const fn new(revision: i64) -> Self {
        Self(revision)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W/\"{}\"", self.0)
    }
}

/// The versions that `If-Match`, `If-None-Match` or `version` in a bulk operation name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions(Named);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Any,
    These(Vec<String>),
}

impl Versions {
    const MOST: usize = 50;

    /// Reads `*` or a list of entity tags. Tags without quotes are taken too, since clients copy `meta.version` in many ways.
    ///
    /// # Errors
    /// `invalid_header` when there is no tag, or more than 50.
    pub fn parse(text: &str) -> Result<Self> {
        if text.trim() == "*" {
            return Ok(Self(Named::Any));
        }
        let tags: Vec<String> = text
            .split(',')
            .map(|tag| opaque(tag).to_owned())
            .filter(|tag| !tag.is_empty())
            .take(Self::MOST + 1)
            .collect();
        if tags.is_empty() || tags.len() > Self::MOST {
            return Err(Error::with_message(
                Code::InvalidHeader,
                "expected `*` or 1 to 50 versions such as `W/\"7\"`",
            ));
        }
        Ok(Self(Named::These(tags)))
    }

    /// Whether the version of this revision is named. Compared weakly: SCIM's tags are weak, and RFC 7644 has them in
    /// `If-Match` all the same.
    pub fn name(&self, revision: i64) -> bool {
        match &self.0 {
            Named::Any => true,
            Named::These(tags) => {
                let current = revision.to_string();
                tags.contains(&current)
            }
        }
    }

    /// `If-Match`: passes when the current revision is named.
    ///
    /// # Errors
    /// `stale_resource` (412) when it is not.
    pub fn must_name(&self, revision: i64) -> Result<()> {
        if self.name(revision) {
            Ok(())
        } else {
            Err(Error::new(Code::StaleResource))
        }
    }
}

fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    tag.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_weakly() {
        assert_eq!(Version::new(7).to_string(), "W/\"7\"");
        for (text, named) in [
            ("W/\"7\"", true),
            ("\"7\"", true),
            ("7", true),
            ("*", true),
            (" W/\"6\" , W/\"7\"", true),
            ("W/\"8\"", false),
            ("\"\", x", false),
        ] {
            let versions = Versions::parse(text).expect(text);
            assert_eq!(versions.name(7), named, "{text}");
            assert_eq!(versions.must_name(7).is_ok(), named, "{text}");
        }
        for text in ["", " , ", "\"\""] {
            assert!(Versions::parse(text).is_err(), "{text}");
        }
    }
}

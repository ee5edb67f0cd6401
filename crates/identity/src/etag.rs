//! Entity tags (RFC 9110) from revisions, and the preconditions that name them.

use palisade_envelope::{Code, Error, Result};

/// The strong entity tag of one revision: `"7"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntityTag(i64);

impl EntityTag {
    /// The tag of this revision.
    pub const fn new(revision: i64) -> Self {
        Self(revision)
    }
}

impl std::fmt::Display for EntityTag {
    /// As it stands in the header `ETag`, quotes included.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// The header `If-Match`: the write happens only to one of these revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfMatch(Tags);

impl IfMatch {
    /// Reads the header; several of them joined by commas are one list.
    ///
    /// # Errors
    /// `invalid_header` when it is neither `*` nor a list of entity tags.
    pub fn parse(header: &str) -> Result<Self> {
        Tags::parse("If-Match", header).map(Self)
    }

    /// Only this revision.
    pub fn revision(revision: i64) -> Self {
        Self(Tags::List(vec![Tag {
            weak: false,
            opaque: EntityTag(revision).to_string(),
        }]))
    }

    /// As [`Self::check`] for what may be absent, and for a caller that may have sent no `If-Match`: what is absent has
    /// no revision, not even for `*` (RFC 9110 section 13.1.1).
    ///
    /// # Errors
    /// `stale_resource`.
    pub fn check_sent(sent: Option<&Self>, revision: Option<i64>) -> Result<()> {
        match (sent, revision) {
            (None, _) => Ok(()),
            (Some(sent), Some(revision)) => sent.check(revision),
            (Some(_), None) => Err(Error::new(Code::StaleResource)),
        }
    }

    /// Passes when the list holds the current revision; weak tags never match (strong comparison).
    ///
    /// # Errors
    /// `stale_resource` when it does not.
    pub fn check(&self, revision: i64) -> Result<()> {
        let current = EntityTag(revision).to_string();
        let holds = match &self.0 {
            Tags::Any => true,
            Tags::List(tags) => tags.iter().any(|tag| !tag.weak && tag.opaque == current),
        };
        if holds {
            Ok(())
        } else {
            Err(Error::new(Code::StaleResource))
        }
    }
}

/// The header `If-None-Match`: the body is sent only when the caller has none of these revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfNoneMatch(Tags);

impl IfNoneMatch {
    /// Reads the header; several of them joined by commas are one list.
    ///
    /// # Errors
    /// `invalid_header` when it is neither `*` nor a list of entity tags.
    pub fn parse(header: &str) -> Result<Self> {
        Tags::parse("If-None-Match", header).map(Self)
    }

    /// Whether the caller has this revision (weak comparison): on a read, answer 304.
    pub fn matches(&self, revision: i64) -> bool {
        let current = EntityTag(revision).to_string();
        match &self.0 {
            Tags::Any => true,
            Tags::List(tags) => tags.iter().any(|tag| tag.opaque == current),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    List(Vec<Tag>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    weak: bool,
    /// With its quotes.
    opaque: String,
}

impl Tags {
    fn parse(name: &'static str, header: &str) -> Result<Self> {
        if header.trim() == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        let mut rest = header.trim_start_matches(separator);
        while !rest.is_empty() {
            let (weak, quoted) = match rest.strip_prefix("W/") {
                Some(quoted) => (true, quoted),
                None => (false, rest),
            };
            let (opaque, after) = quoted
                .strip_prefix('"')
                .and_then(|inner| inner.split_once('"'))
                .ok_or_else(|| invalid(name))?;
            if !(after.trim_start().is_empty() || after.trim_start().starts_with(',')) {
                return Err(invalid(name));
            }
            tags.push(Tag {
                weak,
                opaque: format!("\"{opaque}\""),
            });
            rest = after.trim_start_matches(separator);
        }
        if tags.is_empty() {
            Err(invalid(name))
        } else {
            Ok(Self::List(tags))
        }
    }
}

fn separator(c: char) -> bool {
    matches!(c, ' ' | '\t' | ',')
}

fn invalid(name: &'static str) -> Error {
    Error::with_message(
        Code::InvalidHeader,
        format!("the header `{name}` must be `*` or a list of entity tags such as `\"7\"`"),
    )
    .detail("field", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_takes_a_star_a_tag_or_a_list() {
        assert!(IfMatch::parse("*").expect("parses").check(7).is_ok());
        assert!(IfMatch::parse("\"7\"").expect("parses").check(7).is_ok());
        assert!(
            IfMatch::parse("\"5\", \"7\"")
                .expect("parses")
                .check(7)
                .is_ok()
        );
        let stale = IfMatch::parse("\"6\"")
            .expect("parses")
            .check(7)
            .expect_err("is stale");
        assert_eq!(stale.code(), Code::StaleResource);
    }

    #[test]
    fn what_is_absent_fits_no_if_match_and_whoever_sends_none_does_not_mind() {
        let any = IfMatch::parse("*").expect("parses");
        assert!(IfMatch::check_sent(Some(&any), None).is_err());
        assert!(IfMatch::check_sent(Some(&any), Some(1)).is_ok());
        assert!(IfMatch::check_sent(Some(&IfMatch::revision(2)), Some(1)).is_err());
        assert!(IfMatch::check_sent(None, None).is_ok());
    }

    #[test]
    fn a_weak_tag_never_allows_a_write_but_saves_a_read() {
        assert!(IfMatch::parse("W/\"7\"").expect("parses").check(7).is_err());
        assert!(IfNoneMatch::parse("W/\"7\"").expect("parses").matches(7));
        assert!(
            !IfNoneMatch::parse("\"6\", W/\"8\"")
                .expect("parses")
                .matches(7)
        );
    }

    #[test]
    fn a_comma_inside_a_tag_belongs_to_it() {
        assert!(
            IfMatch::parse("\"a,b\",\"7\"")
                .expect("parses")
                .check(7)
                .is_ok()
        );
    }

    #[test]
    fn what_is_no_tag_is_refused_by_the_name_of_the_header() {
        for header in ["", "7", "\"7", "\"7\"\"8\"", ",", "w/\"7\"", "\"7\" x"] {
            let error = IfMatch::parse(header).expect_err(header);
            assert_eq!(error.code(), Code::InvalidHeader, "{header}");
            assert!(error.envelope().message.contains("If-Match"));
        }
    }
}

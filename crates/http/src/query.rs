//! The query string, as pairs in the order sent.

use palisade_envelope::{Code, Error, Result};

/// A parsed query.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// The pairs of this query string; `+` and percent-encoding decoded.
    pub fn parse(text: &str) -> Self {
        Self(
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// Refuses a parameter that is not among `known`.
    ///
    /// # Errors
    /// `invalid_request` naming it.
    pub fn only(&self, known: &[&str]) -> Result<()> {
        match self
            .0
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            None => Ok(()),
            Some((name, _)) => {
                let expected = if known.is_empty() {
                    "no query parameter here".to_owned()
                } else {
                    format!(
                        "one of {}",
                        known
                            .iter()
                            .map(|name| format!("`{name}`"))
                            .collect::<Vec<_>>()
                            .join(", ")
                    )
                };
                Err(Error::with_message(
                    Code::InvalidRequest,
                    format!("unknown query parameter `{name}`"),
                )
                .detail("field", name.as_str())
                .detail("expected", expected))
            }
        }
    }

    /// The first value of this parameter; an empty one counts as absent.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Whether the parameter was sent, empty or not.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Every value of this parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that makes no sense twice.
    ///
    /// # Errors
    /// `invalid_request` where it was sent more than once.
    pub fn one(&self, name: &str) -> Result<Option<&str>> {
        if self.0.iter().filter(|(key, _)| key == name).count() > 1 {
            return Err(Error::field(name, "to be sent once"));
        }
        Ok(self.first(name))
    }

    /// The value of a flag: `true` or `false`; absent is `false`.
    ///
    /// # Errors
    /// `invalid_request` for any other word.
    pub fn flag(&self, name: &str) -> Result<bool> {
        match self.one(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Error::field(name, "`true` or `false`")),
        }
    }

    /// The same query with these parameters replaced (`None`: removed), sorted by name, encoded.
    pub fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        let mut pairs: Vec<(&str, &str)> = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name))
            .collect();
        pairs.extend(
            changes
                .iter()
                .filter_map(|(name, value)| value.map(|value| (*name, value))),
        );
        pairs.sort_by_key(|(name, _)| *name);
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_parameter_is_named() {
        let error = Query::parse("page_size=1&pgae_token=x")
            .only(&["page_size", "page_token"])
            .expect_err("refused");
        assert!(error.envelope().message.contains("`pgae_token`"));
    }

    #[test]
    fn a_changed_query_is_sorted_and_keeps_the_rest() {
        let query = Query::parse("page_token=old&ids=b&ids=a&a=1+2");
        assert_eq!(
            query.with(&[("page_size", Some("2")), ("page_token", None)]),
            "a=1+2&ids=b&ids=a&page_size=2"
        );
    }

    #[test]
    fn a_flag_is_a_word_and_nothing_else() {
        assert!(Query::parse("force=true").flag("force").expect("flag"));
        assert!(!Query::parse("").flag("force").expect("flag"));
        assert!(Query::parse("force=1").flag("force").is_err());
        assert!(Query::parse("force=true&force=true").flag("force").is_err());
    }
}

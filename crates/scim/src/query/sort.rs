//! The order of a list (RFC 7644 section 3.4.2.3).

use std::sync::Arc;

use palisade_envelope::Result;

use crate::error::{ScimType, refusal, shortened};
use crate::path::{AttributePath, resolve_attribute};
use crate::schema::{Kind, ResourceType, Returned};

/// By what a list is ordered. Resources without the value come last ascending and first descending; ties are ordered by id. Text
/// is compared as in filters: folded, unless the attribute is compared letter by letter.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// The attribute; of a list its primary value counts, or else its first.
    pub path: AttributePath,
    /// Whether the greatest come first.
    pub descending: bool,
}

/// The order that `sortBy` names. A complex attribute is ordered by its `value`.
///
/// # Errors
/// `invalidValue` where there is no such attribute, or it has no value to order by; `sensitive` for a password.
pub fn sort(by: &str, descending: bool, of: &ResourceType) -> Result<Sort> {
    let mut path = resolve_attribute(by.trim(), of).map_err(|unknown| {
        let hint = unknown
            .hint
            .map(|hint| format!("; {hint}"))
            .unwrap_or_default();
        refusal(
            ScimType::InvalidValue,
            format!("`sortBy`: {}{hint}", unknown.what),
        )
    })?;
    if path.attribute().when_returned() == Returned::Never {
        return Err(refusal(
            ScimType::Sensitive,
            format!("`sortBy`: nothing is ordered by `{path}`"),
        ));
    }
    if path.target().kind() == Kind::Complex {
        let Some(value) = path.attribute.sub_attribute("value") else {
            return Err(refusal(
                ScimType::InvalidValue,
                format!("`sortBy`: name a sub-attribute of `{path}`"),
            ));
        };
        path.sub = Some(Arc::clone(value));
    }
    Ok(Sort { path, descending })
}

pub(super) fn is_descending(order: Option<&str>) -> Result<bool> {
    match order {
        None | Some("") => Ok(false),
        Some(order) if order.eq_ignore_ascii_case("ascending") => Ok(false),
        Some(order) if order.eq_ignore_ascii_case("descending") => Ok(true),
        Some(order) => Err(refusal(
            ScimType::InvalidValue,
            format!(
                "`sortOrder`: expected `ascending` or `descending`, not `{}`",
                shortened(order)
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_by_a_plain_value() {
        let user = ResourceType::user();
        let by = |text| sort(text, false, &user).map(|sort| sort.path.to_string());
        assert_eq!(by("USERNAME").expect("reads"), "userName");
        assert_eq!(by("emails").expect("reads"), "emails.value");
        assert_eq!(by("meta.lastModified").expect("reads"), "meta.lastModified");
        for text in ["name", "addresses", "meta", "nope", "password", ""] {
            assert!(by(text).is_err(), "{text}");
        }
        assert!(is_descending(Some("DESCENDING")).expect("reads"));
        assert!(is_descending(Some("down")).is_err());
    }
}

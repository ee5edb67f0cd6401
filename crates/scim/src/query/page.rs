//! Pages by index (RFC 7644 section 3.4.2.4) and by cursor (RFC 9865).

use palisade_envelope::Result;

use crate::error::{ScimType, refusal, shortened};
use crate::limits;

/// Which resources of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// From an index on.
    Index {
        /// The first one's number, from 1.
        start: u64,
        /// How many at most; 0 asks for the total only.
        count: u64,
    },
    /// From a cursor on.
    Cursor {
        /// What the page before gave; none begins the list.
        cursor: Option<String>,
        /// How many at most; 0 asks for the total only.
        count: u64,
    },
}

impl Default for Page {
    fn default() -> Self {
        Self::Index {
            start: 1,
            count: limits::DEFAULT_PAGE,
        }
    }
}

impl Page {
    /// How many resources at most.
    pub fn count(&self) -> u64 {
        match self {
            Self::Index { count, .. } | Self::Cursor { count, .. } => *count,
        }
    }
}

/// The parameters as text.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) start_index: Option<String>,
    pub(super) count: Option<String>,
    pub(super) cursor: Option<String>,
}

impl Asked {
    pub(super) fn read(&self) -> Result<Page> {
        page(
            self.start_index.as_deref(),
            self.count.as_deref(),
            self.cursor.as_deref(),
        )
    }
}

/// The page that `startIndex`, `count` and `cursor` ask for. An index below 1 is 1, a count below 0 is 0, and one above
/// [`limits::MAX_PAGE`] is that. An empty cursor begins; with a cursor, the index does not count.
///
/// # Errors
/// `invalidValue` where a number is none; `invalidCount` for the count of a page by cursor, also where it is below 0.
pub fn page(start: Option<&str>, count: Option<&str>, cursor: Option<&str>) -> Result<Page> {
    if let Some(cursor) = cursor {
        let count = match count.map(|count| (count, integer(count))) {
            None => limits::DEFAULT_PAGE,
            Some((_, Some(count))) if count >= 0 => cut(count),
            Some((text, _)) => {
                return Err(refusal(
                    ScimType::InvalidCount,
                    format!(
                        "`count`: expected a number from 0 on, not `{}`",
                        shortened(text)
                    ),
                ));
            }
        };
        return Ok(Page::Cursor {
            cursor: (!cursor.is_empty()).then(|| cursor.to_owned()),
            count,
        });
    }
    let number = |name: &str, text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => integer(text).map(Some).ok_or_else(|| {
            refusal(
                ScimType::InvalidValue,
                format!(
                    "`{name}`: expected a whole number, not `{}`",
                    shortened(text)
                ),
            )
        }),
    };
    let start = number("startIndex", start)?.unwrap_or(1);
    let count = number("count", count)?;
    Ok(Page::Index {
        start: u64::try_from(start).unwrap_or(1).max(1),
        count: count.map_or(limits::DEFAULT_PAGE, cut),
    })
}

fn cut(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0).min(limits::MAX_PAGE)
}

/// A whole number of any length: what is beyond the range is at its end.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let beyond = if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    Some(text.parse().unwrap_or(beyond))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::scim_type;

    fn index(start: Option<&str>, count: Option<&str>) -> (u64, u64) {
        match page(start, count, None).expect("reads") {
            Page::Index { start, count } => (start, count),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn indexes_and_counts_out_of_range_are_brought_into_it() {
        assert_eq!(index(None, None), (1, 100));
        assert_eq!(index(Some("0"), Some("-1")), (1, 0));
        assert_eq!(
            index(Some("-99999999999999999999"), Some("99999999999999999999")),
            (1, 1_000)
        );
        assert_eq!(index(Some("7"), Some("5")), (7, 5));
    }

    #[test]
    fn okta_01_start_and_count_of_the_connection_test() {
        assert_eq!(index(Some("1"), Some("2")), (1, 2));
        assert_eq!(index(Some("1"), Some("100")), (1, 100));
    }

    #[test]
    fn a_cursor_begins_empty_and_takes_no_index() {
        let begun = page(Some("5"), None, Some("")).expect("reads");
        assert_eq!(
            begun,
            Page::Cursor {
                cursor: None,
                count: 100
            }
        );
        let next = page(None, Some("10"), Some("abc")).expect("reads");
        assert_eq!(next.count(), 10);
    }

    #[test]
    fn numbers_that_are_none_are_refused_with_the_keyword_of_their_paging() {
        for (count, cursor, expected) in [
            ("x", None, ScimType::InvalidValue),
            ("1.5", None, ScimType::InvalidValue),
            ("", None, ScimType::InvalidValue),
            ("x", Some(""), ScimType::InvalidCount),
            ("-1", Some(""), ScimType::InvalidCount),
        ] {
            let error = page(None, Some(count), cursor).expect_err(count);
            assert_eq!(scim_type(&error), Some(expected), "{count}");
        }
        assert!(page(Some("one"), None, None).is_err());
    }
}

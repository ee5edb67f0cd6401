//! How many items a page has: the rules of each dialect.

use palisade_envelope::{Error, Result};

/// The number of items of one page, 1 to [`PageSize::MAX`]; of sessions up to [`PageSize::MAX_SESSIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageSize(u32);

impl PageSize {
    /// The largest page of every dialect, but for lists of sessions in Ory's.
    pub const MAX: u32 = 500;
    /// The largest page of sessions in the Ory dialect.
    pub const MAX_SESSIONS: u32 = 1_000;
    /// The largest page.
    pub const LARGEST: Self = Self(Self::MAX);
    /// The page of the Ory dialect where the caller names no size.
    pub const ORY_DEFAULT: Self = Self(250);
    /// The page of `/v1` where the caller names no size.
    pub const V1_DEFAULT: Self = Self(50);

    /// The Ory dialect: `page_size`, or `per_page` where it is missing. Sizes above the largest are cut to it, zero
    /// and less mean the default.
    ///
    /// # Errors
    /// `invalid_request` when it is no integer.
    pub fn ory(page_size: Option<&str>, per_page: Option<&str>) -> Result<Self> {
        let (field, text) = match (page_size, per_page) {
            (Some(text), _) => ("page_size", text),
            (None, Some(text)) => ("per_page", text),
            (None, None) => return Ok(Self::ORY_DEFAULT),
        };
        if text.is_empty() {
            return Ok(Self::ORY_DEFAULT);
        }
        let size: i64 = text
            .parse()
            .map_err(|_| Error::field(field, "an integer"))?;
        match u32::try_from(size.min(i64::from(Self::MAX))) {
            Ok(size) if size > 0 => Ok(Self(size)),
            _ => Ok(Self::ORY_DEFAULT),
        }
    }

    /// A list of sessions in the Ory dialect: 1 to [`PageSize::MAX_SESSIONS`]. Larger sizes are cut to it; anything
    /// else that is no size means the default, as at Ory.
    pub fn ory_sessions(page_size: Option<&str>, per_page: Option<&str>) -> Self {
        let size = page_size
            .or(per_page)
            .and_then(|text| text.parse::<i64>().ok())
            .map(|size| size.min(i64::from(Self::MAX_SESSIONS)));
        match size.and_then(|size| u32::try_from(size).ok()) {
            Some(size) if size > 0 => Self(size),
            _ => Self::ORY_DEFAULT,
        }
    }

    /// `/v1`: an integer from 1 to the largest, or nothing.
    ///
    /// # Errors
    /// `invalid_request` for everything else.
    pub fn v1(page_size: Option<&str>) -> Result<Self> {
        let Some(text) = page_size else {
            return Ok(Self::V1_DEFAULT);
        };
        match text.parse() {
            Ok(size @ 1..=Self::MAX) => Ok(Self(size)),
            _ => Err(Error::field(
                "page_size",
                format!("an integer from 1 to {}", Self::MAX),
            )),
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ory_dialect_forgives_sizes_out_of_range() {
        let size = |text| PageSize::ory(Some(text), None).expect("forgives").get();
        assert_eq!(
            (size("1"), size("500"), size("501"), size("0"), size("-3")),
            (1, 500, 500, 250, 250)
        );
        assert_eq!(PageSize::ory(None, Some("20")).expect("an alias").get(), 20);
        assert_eq!(
            PageSize::ory(Some("10"), Some("20"))
                .expect("the first wins")
                .get(),
            10
        );
        assert!(PageSize::ory(Some("ten"), None).is_err());
    }

    #[test]
    fn lists_of_sessions_have_larger_pages_and_forgive_everything() {
        let size = |text| PageSize::ory_sessions(Some(text), None).get();
        assert_eq!(
            (size("1"), size("1000"), size("1001"), size("0"), size("x")),
            (1, 1000, 1000, 250, 250)
        );
        assert_eq!(PageSize::ory_sessions(None, Some("7")).get(), 7);
    }

    #[test]
    fn v1_refuses_sizes_out_of_range_by_name() {
        assert_eq!(PageSize::v1(None).expect("default").get(), 50);
        assert_eq!(PageSize::v1(Some("500")).expect("in range").get(), 500);
        for text in ["0", "501", "-1", "", "x", "1.5"] {
            let error = PageSize::v1(Some(text)).expect_err(text);
            assert_eq!(error.envelope().details["field"], "page_size");
        }
    }
}

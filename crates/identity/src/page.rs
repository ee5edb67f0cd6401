//! How many items a page has: the rules of each dialect.

use palisade_envelope::{Code, Error, Result};

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

/// A page by its number, the first being 0: the old paging of the Ory dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageNumber {
    /// The page.
    pub page: u32,
    /// How many items a page has.
    pub per_page: u32,
}

impl PageNumber {
    /// How many items may come before the page.
    pub const MAX_OFFSET: u64 = 1_000;

    /// `page` and `per_page` of the list of identities, which has pages up to [`PageSize::MAX`]. What is no number
    /// counts as absent.
    ///
    /// # Errors
    /// `invalid_request` for a page further than [`Self::MAX_OFFSET`] in.
    pub fn identities(page: Option<&str>, per_page: Option<&str>) -> Result<Self> {
        let number = Self::forgiving(page, per_page, PageSize::MAX);
        if u64::from(number.page) * u64::from(number.per_page) > Self::MAX_OFFSET {
            return Err(Error::with_message(
                Code::InvalidRequest,
                "Legacy pagination is not supported for enumerating over 1000 items. Please switch to using page_token \
                 and page_size.",
            )
            .detail("field", "page")
            .detail("expected", "`page_token`"));
        }
        Ok(number)
    }

    /// `page` and `per_page` of lists with pages up to `largest`. What is no number counts as absent; what is out of
    /// range is brought into it.
    pub fn forgiving(page: Option<&str>, per_page: Option<&str>, largest: u32) -> Self {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
        let clamped = |number: i64, least: u32, most: u32| {
            u32::try_from(number.clamp(least.into(), most.into())).unwrap_or(most)
        };
        Self {
            page: number(page).map_or(0, |page| clamped(page, 0, u32::MAX)),
            per_page: number(per_page).map_or(PageSize::ORY_DEFAULT.get(), |size| {
                clamped(size, 1, largest)
            }),
        }
    }

    /// The pages that the header `Link` names for `total` items, each with its number and size, in Ory's order:
    /// `first` and `prev` where there are pages before, `next` and `last` where there are pages behind.
    pub fn links(self, total: u64) -> Vec<(&'static str, u64, u64)> {
        let (page, size) = (u64::from(self.page), u64::from(self.per_page.max(1)));
        let last = total.saturating_sub(1) / size;
        let (next, prev) = (page + 1, page.saturating_sub(1));
        if total == 0 {
            return vec![
                ("first", 0, size),
                ("next", next, size),
                ("prev", prev, size),
            ];
        }
        if page >= last && total <= size {
            return vec![("first", 0, total)];
        }
        if page >= last {
            return vec![("first", 0, size), ("prev", prev, size)];
        }
        if page == 0 {
            return vec![("next", next, size), ("last", last, size)];
        }
        vec![
            ("first", 0, size),
            ("next", next, size),
            ("prev", prev, size),
            ("last", last, size),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_by_number_start_at_zero_and_end_at_a_thousand_items() {
        let page = |page, size| PageNumber::identities(Some(page), size);
        let is = |page, per_page| PageNumber { page, per_page };
        assert_eq!(page("0", None).expect("a page"), is(0, 250));
        assert_eq!(page("2", Some("10")).expect("a page"), is(2, 10));
        assert_eq!(page("x", Some("y")).expect("a page"), is(0, 250));
        assert_eq!(page("-1", Some("0")).expect("a page"), is(0, 1));
        assert_eq!(page("1", Some("9999")).expect("a page"), is(1, 500));
        assert_eq!(page("2", Some("500")).expect("a page"), is(2, 500));
        let error = page("3", Some("500")).expect_err("too far");
        assert!(error.envelope().message.starts_with("Legacy pagination"));
        assert!(page("99999999999", None).is_err());
    }

    #[test]
    fn links_of_numbered_pages_are_orys() {
        let rels = |page, per_page, total| {
            let links = PageNumber { page, per_page }.links(total);
            links
                .into_iter()
                .map(|(rel, page, size)| format!("{rel}:{page}/{size}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(rels(0, 2, 5), "next:1/2 last:2/2");
        assert_eq!(rels(1, 2, 5), "first:0/2 next:2/2 prev:0/2 last:2/2");
        assert_eq!(rels(2, 2, 5), "first:0/2 prev:1/2");
        assert_eq!(rels(0, 2, 4), "next:1/2 last:1/2");
        assert_eq!(rels(1, 2, 4), "first:0/2 prev:0/2");
        assert_eq!(rels(0, 10, 5), "first:0/5");
        assert_eq!(rels(0, 10, 0), "first:0/10 next:1/10 prev:0/10");
    }

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

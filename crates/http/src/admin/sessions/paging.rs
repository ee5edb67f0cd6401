//! Both ways to page through the sessions of one identity: by token, and by number as Ory's older clients do.

use actix_web::HttpRequest;
use palisade_identity::page::PageSize;
use palisade_store::{PageRequest, Position};

use crate::{
    doc::{Kind, Param},
    query::Query,
};

/// The parameters, as the document shows them.
pub(crate) const PARAMS: &[Param] = &[
    Param::new(
        "page_size",
        Kind::Lenient,
        "how many items a page has: by default 250, at most 1,000",
    ),
    Param::new(
        "page_token",
        Kind::Text,
        "the token from the `next` link of the previous page",
    ),
    Param::new(
        "per_page",
        Kind::Lenient,
        "how many items a page has; the old name of `page_size`",
    ),
    Param::new(
        "page",
        Kind::Lenient,
        "the number of the page, from 0; the old way, for callers that send no `page_token`",
    ),
];

/// Which page is asked for, and in which of the two ways.
pub(crate) struct Paging {
    size: PageSize,
    /// The number of the page. Beside a token it is what the link said that led here; unknown where it said none.
    number: Option<u64>,
    /// Whether the number says which page it is.
    numbered: bool,
    token: Option<String>,
}

impl Paging {
    /// What the query asks for. Sizes and numbers that are none count as not sent, as at Ory.
    pub(crate) fn of(query: &Query) -> Self {
        let token = query.first("page_token").map(str::to_owned);
        let named = query.first("page");
        let number = named.and_then(|text| text.parse().ok());
        Self {
            size: PageSize::ory_sessions(query.first("page_size"), query.first("per_page")),
            number: number.or(if token.is_none() { Some(0) } else { None }),
            numbered: named.is_some() && token.is_none(),
            token,
        }
    }

    /// As the store takes it.
    pub(crate) fn position(&self) -> Position {
        match self.number {
            Some(number) if self.numbered => Position::After {
                size: self.size,
                skip: number.saturating_mul(u64::from(self.size.get())),
            },
            _ => Position::Token(PageRequest {
                size: self.size,
                token: self.token.clone(),
            }),
        }
    }

    /// The header `Link`, with all that names each page: the first always, its neighbours and the last where there
    /// are any. A token leads to the next page only, and a page whose number is unknown has no other neighbour.
    pub(crate) fn link(
        &self,
        request: &HttpRequest,
        query: &Query,
        next: Option<&str>,
        total: u64,
    ) -> String {
        self.links(request.path(), query, next, total)
    }

    fn links(&self, path: &str, query: &Query, next: Option<&str>, total: u64) -> String {
        let size = self.size.get().to_string();
        let last = total.saturating_sub(1) / u64::from(self.size.get().max(1));
        let to = |rel: &str, number: Option<u64>, token: Option<&str>| {
            let number = number.map(|number| number.to_string());
            let query = query.with(&[
                ("page", number.as_deref()),
                ("page_size", Some(&size)),
                ("page_token", token),
                ("per_page", Some(&size)),
            ]);
            format!("<{path}?{query}>; rel=\"{rel}\"")
        };
        let mut links = vec![to("first", Some(0), None)];
        if next.is_some() {
            let number = self.number.map(|number| number.saturating_add(1));
            links.push(to("next", number, next));
        }
        if let Some(number) = self.number {
            if number > 0 {
                links.push(to("prev", Some(number - 1), None));
            }
            if number < last {
                links.push(to("last", Some(last), None));
            }
        }
        links.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_numbered_only_where_there_is_no_token() {
        let way = |text| {
            let paging = Paging::of(&Query::parse(text));
            (paging.number, paging.numbered)
        };
        assert_eq!(way("page=2&per_page=10"), (Some(2), true));
        assert_eq!(way("page=2&page_size=10"), (Some(2), true));
        assert_eq!(way("page=x"), (Some(0), true));
        assert_eq!(way("page=2&page_token=x"), (Some(2), false));
        assert_eq!(way("page_token=x"), (None, false));
        assert_eq!(way("per_page=10"), (Some(0), false));
    }

    #[test]
    fn links_name_pages_in_all_ways_and_lead_where_there_are_any() {
        let links = |text: &str, next: Option<&str>, total| {
            let query = Query::parse(text);
            Paging::of(&query).links("/s", &query, next, total)
        };
        let rels = |text: &str, next: Option<&str>, total| {
            let links = links(text, next, total);
            let rels: Vec<String> = links
                .split(",<")
                .filter_map(|link| Some(link.split_once("rel=\"")?.1.replace('"', "")))
                .collect();
            rels.join(" ")
        };
        assert_eq!(rels("page_size=10", None, 0), "first");
        assert_eq!(rels("page_size=10", None, 10), "first");
        assert_eq!(rels("page_size=10", Some("t"), 11), "first next last");
        assert_eq!(
            rels("page_size=10&page_token=t", Some("u"), 31),
            "first next"
        );
        assert_eq!(
            rels("page=1&page_size=10&page_token=t", Some("u"), 31),
            "first next prev last"
        );
        assert_eq!(rels("page=2&per_page=10", None, 21), "first prev");
        assert_eq!(rels("page=7&per_page=10", None, 21), "first prev");
        assert_eq!(
            links("active=true&per_page=10", Some("t"), 15),
            "</s?active=true&page=0&page_size=10&per_page=10>; rel=\"first\",\
             </s?active=true&page=1&page_size=10&page_token=t&per_page=10>; rel=\"next\",\
             </s?active=true&page=1&page_size=10&per_page=10>; rel=\"last\""
        );
    }
}

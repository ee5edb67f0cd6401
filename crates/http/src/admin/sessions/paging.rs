//! Both ways to page through the sessions of one identity: by token, and by number as Ory's older clients do.

use actix_web::HttpRequest;
use palisade_identity::page::PageSize;
use palisade_store::{PageRequest, Position};

use crate::{
    doc::{Kind, Param},
    query::Query,
    reply::link,
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
        "the number of the page, from 0; the old way, for callers that send neither `page_token` nor `page_size`",
    ),
];

/// Which page is asked for, and in which of the two ways.
pub(crate) struct Paging {
    size: PageSize,
    /// The number of the page, where pages are numbered.
    number: Option<u64>,
    token: Option<String>,
}

impl Paging {
    /// What the query asks for. Sizes and numbers that are none count as not sent, as at Ory.
    pub(crate) fn of(query: &Query) -> Self {
        let (page_size, per_page) = (query.first("page_size"), query.first("per_page"));
        let token = query.first("page_token").map(str::to_owned);
        let numbered = query.has("page") && token.is_none() && page_size.is_none();
        let number = || {
            let number = query.first("page").and_then(|text| text.parse().ok());
            number.unwrap_or(0)
        };
        Self {
            size: PageSize::ory_sessions(page_size, per_page),
            number: numbered.then(number),
            token,
        }
    }

    /// As the store takes it.
    pub(crate) fn position(&self) -> Position {
        let size = self.size.get();
        match self.number {
            Some(number) => Position::After {
                size,
                skip: number.saturating_mul(u64::from(size)),
            },
            None => Position::Token(PageRequest {
                size: self.size,
                token: self.token.clone(),
            }),
        }
    }

    /// The header `Link`, in the way that was asked in.
    pub(crate) fn link(
        &self,
        request: &HttpRequest,
        query: &Query,
        next: Option<&str>,
        total: u64,
    ) -> String {
        match self.number {
            None => link(request, query, Some(&self.size.get().to_string()), next),
            Some(number) => numbered(request.path(), query, self.size.get(), number, total),
        }
    }
}

/// On the first page `next` and `last`, in the middle all four, on the last `first` and `prev`; `first` alone where
/// there is one page.
fn numbered(path: &str, query: &Query, size: u32, number: u64, total: u64) -> String {
    let last = total.saturating_sub(1) / u64::from(size.max(1));
    let to = |page: u64, rel: &str| {
        let (page, size) = (page.to_string(), size.to_string());
        let query = query.with(&[("page", Some(&page)), ("per_page", Some(&size))]);
        format!("<{path}?{query}>; rel=\"{rel}\"")
    };
    let mut links = Vec::new();
    if number > 0 || last == 0 {
        links.push(to(0, "first"));
    }
    if number < last {
        links.push(to(number + 1, "next"));
    }
    if number > 0 {
        links.push(to(number - 1, "prev"));
    }
    if number < last {
        links.push(to(last, "last"));
    }
    links.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_numbered_only_where_nothing_newer_is_asked_for() {
        let number = |text| Paging::of(&Query::parse(text)).number;
        assert_eq!(number("page=2&per_page=10"), Some(2));
        assert_eq!(number("page=x"), Some(0));
        assert_eq!(number("page=2&page_size=10"), None);
        assert_eq!(number("page=2&page_token=x"), None);
        assert_eq!(number("per_page=10"), None);
    }

    #[test]
    fn links_lead_to_the_neighbours_that_there_are() {
        let rels = |number, total| {
            let links = numbered("/s", &Query::parse("page=9&active=true"), 10, number, total);
            assert!(links.starts_with("</s?active=true&page="), "{links}");
            let rels: Vec<String> = links
                .split(",<")
                .filter_map(|link| Some(link.split_once("rel=\"")?.1.replace('"', "")))
                .collect();
            rels.join(" ")
        };
        assert_eq!(rels(0, 0), "first");
        assert_eq!(rels(0, 10), "first");
        assert_eq!(rels(0, 11), "next last");
        assert_eq!(rels(1, 21), "first next prev last");
        assert_eq!(rels(2, 21), "first prev");
        assert_eq!(rels(7, 21), "first prev");
    }
}

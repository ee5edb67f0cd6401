//! The query of a list of identities.

use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    IdentityFilter, State, Timestamp,
    page::{PageNumber, PageSize},
};
use palisade_store::Consistency;

use crate::{
    doc::{Kind, Param},
    query::Query,
};

/// The parameters, as the document shows them.
pub(super) const PARAMS: &[Param] = &[
    Param::new(
        "page_size",
        Kind::Integer,
        "how many items a page has: by default 250, at most 500",
    ),
    Param::new(
        "page_token",
        Kind::Text,
        "the token from the `next` link of the previous page",
    ),
    Param::new("per_page", Kind::Integer, "the old name of `page_size`"),
    Param::new(
        "page",
        Kind::Lenient,
        "the old paging, by number from 0, over the first 1000 items; without `page_size` and `page_token` only",
    ),
    Param::new(
        "ids",
        Kind::Uuids(500),
        "only these identities, up to 500, in one page",
    ),
    Param::new(
        "credentials_identifier",
        Kind::Text,
        "only the identity with exactly this identifier",
    ),
    Param::new(
        "preview_credentials_identifier_similar",
        Kind::Text,
        "only identities with an identifier that starts so",
    ),
    Param::new(
        "organization_id",
        Kind::Uuid,
        "only those of this organization",
    ),
    Param::new(
        "state",
        Kind::Word(&["active", "inactive"]),
        "only those in this state",
    ),
    Param::new("schema_id", Kind::Text, "only those of this schema"),
    Param::new(
        "external_id",
        Kind::Text,
        "only the one with this external ID",
    ),
    Param::new(
        "created_after",
        Kind::Time,
        "only those made after this instant",
    ),
    Param::new(
        "created_before",
        Kind::Time,
        "only those made before this instant",
    ),
    Param::new(
        "updated_after",
        Kind::Time,
        "only those changed after this instant",
    ),
    Param::new(
        "updated_before",
        Kind::Time,
        "only those changed before this instant",
    ),
    Param::new(
        "consistency",
        Kind::Text,
        "`strong` or `eventual`; the header `Palisade-Consistency` says which served",
    ),
];

/// Which page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paging {
    /// The one after a token.
    ByToken(PageSize),
    /// The old way, by its number.
    ByNumber(PageNumber),
}

/// By number only where `page` is sent and nothing of the other way is.
pub(super) fn paging(query: &Query) -> Result<Paging> {
    let per_page = query.first("per_page");
    if query.has("page") && !query.has("page_token") && !query.has("page_size") {
        return PageNumber::identities(query.first("page"), per_page).map(Paging::ByNumber);
    }
    PageSize::ory(query.first("page_size"), per_page).map(Paging::ByToken)
}

/// How fresh the answer must be. What is no known word asks for the freshest.
pub(super) fn consistency(query: &Query) -> Consistency {
    match query.first("consistency") {
        Some("eventual") => Consistency::Eventual,
        _ => Consistency::Strong,
    }
}

/// The filters.
pub(super) fn filter(query: &Query) -> Result<IdentityFilter> {
    let text = |name| query.first(name).map(str::to_owned);
    let uuid = |name: &'static str| -> Result<_> {
        query
            .first(name)
            .map(|text| uuid::Uuid::try_parse(text).map_err(|_| Error::field(name, "a UUID")))
            .transpose()
    };
    let state = query
        .first("state")
        .map(|word| {
            State::parse(word).ok_or_else(|| Error::field("state", "`active` or `inactive`"))
        })
        .transpose()?;
    let filter = IdentityFilter {
        ids: ids(query)?,
        credentials_identifier: text("credentials_identifier"),
        credentials_identifier_similar: text("preview_credentials_identifier_similar"),
        organization_id: uuid("organization_id")?,
        state,
        schema_id: text("schema_id"),
        external_id: text("external_id"),
        provider: None,
        created_after: time(query, "created_after")?,
        created_before: time(query, "created_before")?,
        updated_after: time(query, "updated_after")?,
        updated_before: time(query, "updated_before")?,
    };
    filter.check_combination()?;
    Ok(filter)
}

fn ids(query: &Query) -> Result<Vec<palisade_identity::IdentityId>> {
    if let Some(bad) = query
        .all("ids")
        .find(|id| palisade_identity::IdentityId::parse(id).is_none())
    {
        return Err(Error::with_message(
            Code::InvalidRequest,
            format!("Invalid UUID value `{bad}` for parameter `ids`."),
        )
        .detail("field", "ids")
        .detail("expected", "a UUID"));
    }
    IdentityFilter::parse_ids(query.all("ids"))
}

/// An instant in RFC 3339. One that was sent and is empty is none, and not as good as absent: whoever meant to narrow
/// the list would get all of it.
pub(crate) fn time(query: &Query, name: &'static str) -> Result<Option<Timestamp>> {
    query
        .all(name)
        .next()
        .map(|text| {
            chrono::DateTime::parse_from_rfc3339(text)
                .map(|instant| instant.to_utc())
                .map_err(|_| {
                    Error::field(name, "an RFC 3339 timestamp such as `2026-01-31T12:00:00Z`")
                })
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paging_by_number_is_for_those_who_know_no_other_way() {
        let paging = |query: &str| paging(&Query::parse(query)).expect("a page");
        let by_number = |page, per_page| Paging::ByNumber(PageNumber { page, per_page });
        assert_eq!(paging("page=1&per_page=10"), by_number(1, 10));
        assert_eq!(paging("page=0"), by_number(0, 250));
        for query in [
            "page=1&page_size=10",
            "per_page=10",
            "page=1&page_token=x&per_page=10",
        ] {
            let Paging::ByToken(size) = paging(query) else {
                panic!("{query}")
            };
            assert_eq!(size.get(), 10);
        }
    }

    #[test]
    fn an_unknown_consistency_is_strong() {
        let of = |query: &str| consistency(&Query::parse(query));
        assert_eq!(of("consistency=eventual"), Consistency::Eventual);
        for query in ["", "consistency=", "consistency=strong", "consistency=x"] {
            assert_eq!(of(query), Consistency::Strong);
        }
    }

    #[test]
    fn filters_can_be_combined_and_a_bad_one_is_named() {
        let both = filter(&Query::parse(
            "state=active&schema_id=default&created_after=2026-01-01T00:00:00Z",
        ));
        assert_eq!(both.expect("filter").state, Some(State::Active));
        for (query, field) in [
            ("ids=x", "ids"),
            ("state=gone", "state"),
            ("organization_id=7", "organization_id"),
            ("updated_before=yesterday", "updated_before"),
            ("created_after=", "created_after"),
        ] {
            let error = filter(&Query::parse(query)).expect_err(query);
            assert_eq!(error.envelope().details["field"], field);
        }
    }
}

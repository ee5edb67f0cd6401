//! What a client asks of a list: in the query of a GET (RFC 7644 section 3.4.2) or in the body of a search (section 3.4.3).

mod page;
mod search;
mod sort;

use palisade_envelope::Result;

use crate::error::{ScimType, refusal};
use crate::projection::Projection;
use crate::schema::ResourceType;

pub use page::{Page, page};
pub use search::search;
pub use sort::{Sort, sort};

/// The parameters of a list, as text: resources of which types they are for is known only later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// `filter`, for [`crate::filter::parse`].
    pub filter: Option<String>,
    /// Which resources of the list.
    pub page: Page,
    sort_by: Option<String>,
    descending: bool,
    attributes: Option<Vec<String>>,
    excluded: Vec<String>,
}

impl Query {
    /// Reads the parameters of a query string, decoded. Others than SCIM's are passed over, such as Entra ID's
    /// `aadOptscim062020`.
    ///
    /// # Errors
    /// `invalidValue` where a parameter stands twice or is no number where one is wanted; `invalidCount` where it is the count of
    /// a page by cursor.
    pub fn parse<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut query = Self::default();
        let mut page = page::Asked::default();
        let (mut attributes, mut excluded, mut order) = (None, None, None);
        for (name, value) in parameters {
            let place = match name {
                "filter" => &mut query.filter,
                "sortBy" => &mut query.sort_by,
                "sortOrder" => &mut order,
                "startIndex" => &mut page.start_index,
                "count" => &mut page.count,
                "cursor" => &mut page.cursor,
                "attributes" => &mut attributes,
                "excludedAttributes" => &mut excluded,
                _ => continue,
            };
            if place.replace(value.to_owned()).is_some() {
                return Err(refusal(
                    ScimType::InvalidValue,
                    format!("the parameter `{name}` stands twice"),
                ));
            }
        }
        query.page = page.read()?;
        query.descending = sort::is_descending(order.as_deref())?;
        query.attributes = attributes.map(|list| vec![list]);
        query.excluded = excluded.into_iter().collect();
        query.filter = query.filter.filter(|filter| !filter.trim().is_empty());
        Ok(query)
    }

    /// What of the resources is answered.
    ///
    /// # Errors
    /// As [`Projection::parse`].
    pub fn projection(&self, of: &ResourceType) -> Result<Projection> {
        let attributes = self.attributes.as_ref().map(|names| names.join(","));
        let excluded = self.excluded.join(",");
        Projection::parse(attributes.as_deref(), Some(&excluded), of)
    }

    /// The order of the list; none: as the service has it.
    ///
    /// # Errors
    /// As [`sort`].
    pub fn sort(&self, of: &ResourceType) -> Result<Option<Sort>> {
        self.sort_by
            .as_deref()
            .map(|by| sort(by, self.descending, of))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entra_04_unknown_parameters_are_passed_over_and_known_ones_stand_once() {
        let query = Query::parse([
            ("aadOptscim062020", ""),
            ("filter", "externalId eq \"x\""),
            ("attributes", "userName"),
            ("excludedAttributes", "members"),
        ])
        .expect("reads");
        assert_eq!(query.filter.as_deref(), Some("externalId eq \"x\""));
        assert!(
            query
                .projection(&ResourceType::user())
                .expect("reads")
                .names_attributes()
        );
        assert!(Query::parse([("filter", "a pr"), ("filter", "b pr")]).is_err());
        assert_eq!(Query::parse([("filter", " ")]).expect("reads").filter, None);
    }
}

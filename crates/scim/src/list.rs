//! Lists in answers (RFC 7644 section 3.4.2, RFC 9865 section 2.1).

use serde::Serialize;

use crate::urn;

/// A page of resources. `T` is whatever renders as one: a map, or text that is JSON already.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListResponse<T> {
    schemas: [&'static str; 1],
    total_results: u64,
    items_per_page: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_cursor: Option<String>,
    #[serde(rename = "Resources")]
    resources: Vec<T>,
}

impl<T> ListResponse<T> {
    fn new(total: u64, resources: Vec<T>) -> Self {
        Self {
            schemas: [urn::LIST_RESPONSE],
            total_results: total,
            items_per_page: u64::try_from(resources.len()).unwrap_or(u64::MAX),
            start_index: None,
            next_cursor: None,
            previous_cursor: None,
            resources,
        }
    }

    /// A page by index. `total` counts all resources that fit, whatever the page.
    pub fn by_index(total: u64, start: u64, resources: Vec<T>) -> Self {
        Self {
            start_index: Some(start),
            ..Self::new(total, resources)
        }
    }

    /// A page by cursor, with those of the pages beside it where there are any.
    pub fn by_cursor(
        total: u64,
        resources: Vec<T>,
        next: Option<String>,
        previous: Option<String>,
    ) -> Self {
        Self {
            next_cursor: next,
            previous_cursor: previous,
            ..Self::new(total, resources)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn okta_01_the_numbers_of_a_list_are_integers() {
        let list = ListResponse::by_index(7, 6, vec![json!({}), json!({})]);
        assert_eq!(
            serde_json::to_value(list).expect("serializes"),
            json!({"schemas": [urn::LIST_RESPONSE], "totalResults": 7, "itemsPerPage": 2, "startIndex": 6, "Resources": [{}, {}]})
        );
    }

    #[test]
    fn entra_01_an_empty_list_has_resources_and_a_page_by_cursor_no_index() {
        let empty = serde_json::to_value(ListResponse::<()>::by_index(0, 1, Vec::new()));
        assert_eq!(empty.expect("serializes")["Resources"], json!([]));
        let page = ListResponse::by_cursor(3, vec![1], Some("n".into()), None);
        let page = serde_json::to_value(page).expect("serializes");
        assert_eq!(page["nextCursor"], "n");
        assert!(page.get("startIndex").is_none() && page.get("previousCursor").is_none());
    }
}

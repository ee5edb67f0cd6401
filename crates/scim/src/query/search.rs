//! Searches by POST to `/.search` (RFC 7644 section 3.4.3).

use palisade_envelope::Result;
use serde_json::Value;

use super::{Query, page, sort};
use crate::error::invalid_syntax;

/// Reads the body of a search. It asks for the same as the query of a GET does.
///
/// # Errors
/// `invalidSyntax` where it is no such message; else as [`Query::parse`].
pub fn search(body: &Value) -> Result<Query> {
    let Value::Object(body) = body else {
        return Err(invalid_syntax("the body must be a JSON object"));
    };
    let mut query = Query::default();
    let mut asked = page::Asked::default();
    let mut order = None;
    let mut seen = Vec::new();
    for (name, value) in body {
        let name = name.to_ascii_lowercase();
        if seen.contains(&name) {
            return Err(invalid_syntax(format!("`{name}` stands twice")));
        }
        match name.as_str() {
            "filter" => query.filter = text(&name, value)?,
            "sortby" => query.sort_by = text(&name, value)?,
            "sortorder" => order = text(&name, value)?,
            "startindex" => asked.start_index = number(&name, value)?,
            "count" => asked.count = number(&name, value)?,
            "cursor" => asked.cursor = text(&name, value)?,
            "attributes" => {
                query.attributes = Some(names(&name, value)?).filter(|names| !names.is_empty());
            }
            "excludedattributes" => query.excluded = names(&name, value)?,
            _ => continue,
        }
        seen.push(name);
    }
    query.page = asked.read()?;
    query.descending = sort::is_descending(order.as_deref())?;
    query.filter = query.filter.filter(|filter| !filter.trim().is_empty());
    Ok(query)
}

fn text(name: &str, value: &Value) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(invalid_syntax(format!("`{name}` must be a string"))),
    }
}

fn number(name: &str, value: &Value) -> Result<Option<String>> {
    match value {
        Value::Number(number) => Ok(Some(number.to_string())),
        other => text(name, other),
    }
}

fn names(name: &str, value: &Value) -> Result<Vec<String>> {
    let list = match value {
        Value::Null => return Ok(Vec::new()),
        Value::String(_) => std::slice::from_ref(value),
        Value::Array(list) => list.as_slice(),
        _ => return Err(invalid_syntax(format!("`{name}` must be a list of names"))),
    };
    list.iter()
        .map(|item| match item {
            Value::String(item) => Ok(item.clone()),
            _ => Err(invalid_syntax(format!("`{name}` must be a list of names"))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Page;
    use super::*;
    use crate::schema::ResourceType;
    use crate::urn;

    #[test]
    fn a_search_asks_for_what_a_query_can() {
        let query = search(&json!({
            "schemas": [urn::SEARCH_REQUEST],
            "attributes": ["displayName", "userName"],
            "filter": "displayName sw \"smith\"",
            "sortBy": "userName", "sortOrder": "descending",
            "startIndex": 3, "count": 10
        }))
        .expect("reads");
        assert_eq!(
            query.page,
            Page::Index {
                start: 3,
                count: 10
            }
        );
        let user = ResourceType::user();
        assert!(
            query
                .sort(&user)
                .expect("reads")
                .expect("is there")
                .descending
        );
        assert!(query.projection(&user).expect("reads").names_attributes());
        let cursor = search(&json!({"cursor": "", "count": "5"})).expect("reads");
        assert_eq!(
            cursor.page,
            Page::Cursor {
                cursor: None,
                count: 5
            }
        );
        for broken in [
            json!([]),
            json!({"filter": 1}),
            json!({"attributes": [1]}),
            json!({"count": 1.5}),
        ] {
            assert!(search(&broken).is_err(), "{broken}");
        }
    }
}

//! A resource as it is answered.

use serde_json::{Map, Value, json};

use crate::meta::Meta;
use crate::resource::Resource;
use crate::schema::ResourceType;

/// The complete resource: what is kept of it, `schemas`, `id`, `meta`, and what the service computes, such as `groups` of a user
/// and `members` of a group. A [`crate::Projection`] takes out of it what is not to be answered; a filter can be held
/// against it ([`crate::filter::Filter::matches`]).
pub fn complete(
    resource: Resource,
    of: &ResourceType,
    id: &str,
    meta: &Meta,
    computed: Map<String, Value>,
) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("schemas".to_owned(), json!(resource.schemas(of)));
    answer.insert("id".to_owned(), id.into());
    answer.extend(resource.into_map());
    answer.extend(
        computed
            .into_iter()
            .filter(|(_, value)| !crate::value::is_unassigned(value)),
    );
    answer.insert("meta".to_owned(), json!(meta));
    answer
}

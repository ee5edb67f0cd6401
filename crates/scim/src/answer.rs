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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::Projection;
    use crate::resource::Incoming;
    use crate::version::Version;
    use crate::{filter, urn};

    #[test]
    fn an_answer_is_complete_can_be_searched_and_projected() {
        let of = ResourceType::user();
        let body =
            json!({"userName": "a", "externalId": "e", urn::ENTERPRISE_USER: {"department": "D"}});
        let kept = Incoming::create(&body, &of).expect("is fine").resource;
        let time = "2026-01-31T12:00:00.000250Z".parse().expect("is a time");
        let meta = Meta {
            resource_type: of.name().to_owned(),
            created: time,
            last_modified: time,
            location: "https://idp.example/scim/v2/Users/1".to_owned(),
            version: Version::new(1).to_string(),
        };
        let mut computed = Map::new();
        computed.insert("groups".to_owned(), json!([]));
        let mut answer = complete(kept, &of, "1", &meta, computed);
        assert_eq!(
            Value::Object(answer.clone()),
            json!({
                "schemas": [urn::USER, urn::ENTERPRISE_USER], "id": "1", "externalId": "e", "userName": "a", "active": true,
                urn::ENTERPRISE_USER: {"department": "D"},
                "meta": {
                    "resourceType": "User", "created": "2026-01-31T12:00:00.000250Z", "lastModified": "2026-01-31T12:00:00.000250Z",
                    "location": "https://idp.example/scim/v2/Users/1", "version": "W/\"1\""
                }
            })
        );
        let modified = "meta.lastModified ge \"2026-01-31T13:00:00.00025+01:00\" and schemas co \"enterprise\"";
        assert!(
            filter::parse(modified, &of)
                .expect("reads")
                .matches(&answer)
        );
        let names = Projection::parse(Some("userName"), None, &of).expect("reads");
        names.apply(&mut answer, &of);
        assert_eq!(answer.len(), 3);
    }
}

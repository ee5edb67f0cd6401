//! `attributes` and `excludedAttributes` (RFC 7644 section 3.9), and when an attribute is returned at all.

use palisade_envelope::Result;
use serde_json::{Map, Value};

use crate::error::{ScimType, refusal};
use crate::limits;
use crate::path::{AttributePath, Named, find};
use crate::schema::{Attribute, COMMON, ResourceType, Returned};

/// What of a resource is answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    only: Option<Vec<Chosen>>,
    without: Vec<Chosen>,
}

#[derive(Clone, Debug, PartialEq)]
enum Chosen {
    Attribute(AttributePath),
    Extension(String),
}

impl Projection {
    /// Reads the two lists. Names that nobody knows choose nothing. Where both are sent, `attributes` counts. Brackets, as in
    /// Entra ID's `emails[type eq "work"]`, choose the whole attribute.
    ///
    /// # Errors
    /// `invalidValue` where a list has more than 200 names.
    pub fn parse(
        attributes: Option<&str>,
        excluded: Option<&str>,
        of: &ResourceType,
    ) -> Result<Self> {
        let only = attributes.map(split).filter(|names| !names.is_empty());
        let without = excluded.map(split).unwrap_or_default();
        Self::from_names(only.as_deref(), &without, of)
    }

    fn from_names(only: Option<&[&str]>, without: &[&str], of: &ResourceType) -> Result<Self> {
        let choose = |names: &[&str]| -> Result<Vec<Chosen>> {
            if names.len() > limits::MAX_PROJECTED {
                return Err(refusal(
                    ScimType::InvalidValue,
                    format!("at most {} attributes can be named", limits::MAX_PROJECTED),
                ));
            }
            Ok(names.iter().filter_map(|name| chosen(name, of)).collect())
        };
        Ok(match only {
            Some(only) => Self {
                only: Some(choose(only)?),
                without: Vec::new(),
            },
            None => Self {
                only: None,
                without: choose(without)?,
            },
        })
    }

    /// Whether the client asked for particular attributes: a PATCH is answered with 200 and a body then.
    pub fn names_attributes(&self) -> bool {
        self.only.is_some()
    }

    /// Whether an attribute of the core schema is in the answer: what is not needs no loading. The attribute is named as in its
    /// schema, such as `members`.
    pub fn wants(&self, name: &str, of: &ResourceType) -> bool {
        of.core_attribute(name)
            .is_some_and(|attribute| self.place(None, attribute) != Place::Out)
    }

    /// Takes out of a complete resource what is not to be answered.
    pub fn apply(&self, resource: &mut Map<String, Value>, of: &ResourceType) {
        for attribute in COMMON.attributes().iter().chain(of.schema().attributes()) {
            self.trim(resource, None, attribute);
        }
        for extension in of.extensions() {
            let urn = extension.schema.id();
            let Some(Value::Object(home)) = resource.get_mut(urn) else {
                continue;
            };
            for attribute in extension.schema.attributes() {
                self.trim(home, Some(urn), attribute);
            }
            if home.is_empty() {
                resource.remove(urn);
            }
        }
    }

    fn trim(&self, home: &mut Map<String, Value>, extension: Option<&str>, attribute: &Attribute) {
        let place = self.place(extension, attribute);
        if place == Place::Out {
            home.remove(attribute.name());
            return;
        }
        let Some(value) = home.get_mut(attribute.name()) else {
            return;
        };
        let on_request = |sub: &Attribute| sub.when_returned() == Returned::Request;
        let whole = place == Place::Whole;
        if whole && !attribute.sub_attributes.iter().any(|sub| on_request(sub)) {
            return;
        }
        let keep = |sub: &Attribute| {
            (whole && !on_request(sub)) || self.keeps_sub(extension, attribute, sub)
        };
        let elements = match value {
            Value::Array(items) => items.as_mut_slice(),
            _ => std::slice::from_mut(&mut *value),
        };
        for element in elements.iter_mut().filter_map(Value::as_object_mut) {
            for sub in &attribute.sub_attributes {
                if !keep(sub) {
                    element.remove(sub.name());
                }
            }
        }
        let is_empty = match value {
            Value::Array(items) => {
                items.retain(|item| !crate::value::is_unassigned(item));
                items.is_empty()
            }
            one => crate::value::is_unassigned(one),
        };
        if is_empty {
            home.remove(attribute.name());
        }
    }

    fn place(&self, extension: Option<&str>, attribute: &Attribute) -> Place {
        match attribute.when_returned() {
            Returned::Always => return Place::Whole,
            Returned::Never => return Place::Out,
            Returned::Default | Returned::Request => {}
        }
        if let Some(only) = &self.only {
            return only
                .iter()
                .map(|chosen| chosen.place(extension, attribute))
                .fold(Place::Out, Place::max);
        }
        if attribute.when_returned() == Returned::Request {
            return Place::Out;
        }
        match self
            .without
            .iter()
            .map(|chosen| chosen.place(extension, attribute))
            .fold(Place::Out, Place::max)
        {
            Place::Out => Place::Whole,
            Place::Part => Place::Part,
            Place::Whole => Place::Out,
        }
    }

    fn keeps_sub(&self, extension: Option<&str>, attribute: &Attribute, sub: &Attribute) -> bool {
        let named = |among: &[Chosen]| {
            among.iter().any(|chosen| {
                matches!(chosen, Chosen::Attribute(path)
                    if path.extension() == extension
                        && path.attribute().name() == attribute.name()
                        && path.sub_attribute().is_some_and(|named| named.name() == sub.name()))
            })
        };
        match &self.only {
            Some(only) => named(only),
            None => sub.when_returned() != Returned::Request && !named(&self.without),
        }
    }
}

/// How much of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Out,
    Part,
    Whole,
}

impl Chosen {
    fn place(&self, extension: Option<&str>, attribute: &Attribute) -> Place {
        match self {
            Self::Extension(urn) if extension == Some(urn) => Place::Whole,
            Self::Attribute(path)
                if path.extension() == extension && path.attribute().name() == attribute.name() =>
            {
                match path.sub_attribute() {
                    Some(_) => Place::Part,
                    None => Place::Whole,
                }
            }
            _ => Place::Out,
        }
    }
}

fn chosen(name: &str, of: &ResourceType) -> Option<Chosen> {
    let name = name.trim();
    let name = name
        .split_once('[')
        .map_or(name, |(attribute, _)| attribute);
    match find(name.trim(), of)? {
        Named::Attribute(path) => Some(Chosen::Attribute(path)),
        Named::Extension(schema) => Some(Chosen::Extension(schema.id().to_owned())),
    }
}

/// The names in a list: between commas that stand outside of brackets.
fn split(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    list.split(|c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|name| !name.is_empty())
    .take(limits::MAX_PROJECTED + 1)
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::urn;

    fn full() -> Map<String, Value> {
        let Value::Object(full) = json!({
            "schemas": [urn::USER, urn::ENTERPRISE_USER],
            "id": "1", "externalId": "e", "userName": "ada", "password": "never",
            "name": {"givenName": "Ada", "familyName": "Byron"},
            "emails": [{"value": "a@x", "type": "work"}, {"value": "b@x"}],
            "meta": {"resourceType": "User"},
            urn::ENTERPRISE_USER: {"department": "D", "manager": {"value": "2"}}
        }) else {
            unreachable!();
        };
        full
    }

    fn left(attributes: Option<&str>, excluded: Option<&str>) -> Value {
        let user = ResourceType::user();
        let mut resource = full();
        let projection = Projection::parse(attributes, excluded, &user).expect("reads");
        projection.apply(&mut resource, &user);
        Value::Object(resource)
    }

    #[test]
    fn id_and_schemas_are_always_there_and_a_password_never() {
        let schemas = json!([urn::USER, urn::ENTERPRISE_USER]);
        assert_eq!(
            left(Some("password"), None),
            json!({"schemas": schemas, "id": "1"})
        );
        let all = left(None, Some("id,schemas,unknown"));
        assert_eq!((&all["id"], &all["schemas"]), (&json!("1"), &schemas));
        assert!(all.get("password").is_none());
        assert!(all.get("meta").is_some());
    }

    #[test]
    fn names_may_be_dotted_qualified_and_in_any_case() {
        let said = left(
            Some(&format!(
                "USERNAME, name.givenName,{}:department",
                urn::ENTERPRISE_USER
            )),
            None,
        );
        assert_eq!(said["userName"], "ada");
        assert_eq!(said["name"], json!({"givenName": "Ada"}));
        assert_eq!(said[urn::ENTERPRISE_USER], json!({"department": "D"}));
        assert!(said.get("emails").is_none() && said.get("meta").is_none());
        let whole = left(Some(urn::ENTERPRISE_USER), None);
        assert_eq!(whole[urn::ENTERPRISE_USER]["manager"]["value"], "2");
        let less = left(
            None,
            Some(&format!("emails.value,name,{}", urn::ENTERPRISE_USER)),
        );
        assert_eq!(less["emails"], json!([{"type": "work"}]));
        assert!(less.get("name").is_none() && less.get(urn::ENTERPRISE_USER).is_none());
    }

    #[test]
    fn entra_suite_attributes_with_brackets_choose_the_whole_attribute() {
        let said = left(Some("emails[type eq \"work, home\"],userName"), None);
        assert_eq!(said["emails"].as_array().map(Vec::len), Some(2));
        assert_eq!(said["userName"], "ada");
    }

    #[test]
    fn entra_11_members_that_are_excluded_need_no_loading() {
        let group = ResourceType::group();
        let excluding = Projection::parse(None, Some("members"), &group).expect("reads");
        assert!(!excluding.wants("members", &group));
        let part = Projection::parse(None, Some("members.display"), &group).expect("reads");
        assert!(part.wants("members", &group));
        assert!(Projection::default().wants("members", &group));
        let name = Projection::parse(Some("displayName"), None, &group).expect("reads");
        assert!(!name.wants("members", &group) && name.names_attributes());
        // Where both are sent, `attributes` counts.
        let both = Projection::parse(Some("members"), Some("members"), &group).expect("reads");
        assert!(both.wants("members", &group));
    }

    #[test]
    fn what_is_returned_on_request_is_there_when_it_is_named() {
        let schema = crate::schema::Schema::defined(&json!({
            "id": "urn:example:scim:1.0:Badge", "name": "Badge",
            "attributes": [
                {"name": "photo", "type": "binary", "returned": "request"},
                {"name": "serial", "type": "string", "returned": "always"}
            ]
        }))
        .expect("is fine");
        let of = ResourceType::user()
            .with_extension(crate::schema::Extension {
                schema: schema.into(),
                required: false,
            })
            .expect("is new");
        let left = |attributes: Option<&str>| {
            let mut resource = full();
            let badge = json!({"photo": "aGk=", "serial": "s"});
            resource.insert("urn:example:scim:1.0:Badge".to_owned(), badge);
            let projection = Projection::parse(attributes, None, &of).expect("reads");
            projection.apply(&mut resource, &of);
            resource["urn:example:scim:1.0:Badge"].clone()
        };
        assert_eq!(left(None), json!({"serial": "s"}));
        assert_eq!(left(Some("photo")), json!({"photo": "aGk=", "serial": "s"}));
        assert_eq!(left(Some("userName")), json!({"serial": "s"}));
    }

    #[test]
    fn a_list_of_names_has_a_limit() {
        assert!(Projection::parse(Some(&"a,".repeat(201)), None, &ResourceType::user()).is_err());
    }
}

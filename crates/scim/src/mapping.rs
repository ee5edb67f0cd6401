//! Which attributes of a resource become which traits of an identity.

use palisade_envelope::{Error, Result};
use serde_json::{Map, Value};

use crate::filter::ElementFilter;
use crate::path::{AttributePath, PatchPath};
use crate::resource::Resource;
use crate::schema::{Kind, ResourceType, Returned};
use crate::value::is_primary;

/// Traits and where they come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping(Vec<Rule>);

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    /// The names on the way to the trait.
    to: Vec<String>,
    from: AttributePath,
    /// Of a list, those that it may be.
    among: Option<ElementFilter>,
    /// Only what has an `@` in it.
    address: bool,
}

/// The traits of [`Mapping::standard`], and where they come from.
const STANDARD: [(&str, &str); 5] = [
    ("username", "userName"),
    ("email", "emails"),
    ("name.first", "name.givenName"),
    ("name.last", "name.familyName"),
    ("phone", "phoneNumbers"),
];

impl Mapping {
    /// The most traits of a mapping.
    pub const MOST: usize = 50;

    /// The mapping where a connection has none of its own.
    ///
    /// # Errors
    /// None for the resource type of users.
    pub fn standard(of: &ResourceType) -> Result<Self> {
        let rules = STANDARD.iter().map(|(to, from)| rule(to, from, of));
        rules.collect::<Result<_>>().map(Self)
    }

    /// Reads a mapping: traits, dots between names, to SCIM paths. A list without brackets gives its primary value, else the first
    /// of type `work`, else the first.
    ///
    /// # Errors
    /// `invalid_request` naming the trait.
    pub fn parse(members: &Map<String, Value>, of: &ResourceType) -> Result<Self> {
        if members.len() > Self::MOST {
            return Err(Error::field(
                "mapping",
                format!("{} traits at most", Self::MOST),
            ));
        }
        let rules = members.iter().map(|(to, from)| match from {
            Value::String(from) => rule(to, from, of),
            _ => Err(wrong(to, "a SCIM path such as `name.givenName`")),
        });
        rules.collect::<Result<_>>().map(Self)
    }

    /// Writes what the resource says into the traits; what it has no value for is taken away, and traits that the mapping does not
    /// name stay.
    pub fn apply(&self, resource: &Resource, traits: &mut Map<String, Value>) {
        for rule in &self.0 {
            put(traits, &rule.to, rule.value(resource));
        }
    }
}

fn wrong(to: &str, expected: &str) -> Error {
    Error::field(format!("mapping.{}", crate::error::shortened(to)), expected)
}

fn rule(to: &str, from: &str, of: &ResourceType) -> Result<Rule> {
    let names: Vec<String> = to.split('.').map(ToOwned::to_owned).collect();
    if names.len() > 4 || names.iter().any(|name| name.is_empty() || name.len() > 64) {
        return Err(wrong(to, "1 to 4 names with dots between"));
    }
    let expected =
        "the path of a plain value, such as `name.givenName` or `emails[type eq \"work\"].value`";
    let Ok(PatchPath::Attribute { path, filter }) = PatchPath::parse(from, of) else {
        return Err(wrong(to, expected));
    };
    let mut path = path;
    if path.sub.is_none() && path.attribute.kind() == Kind::Complex {
        path.sub = path.attribute.sub_attribute("value").cloned();
    }
    let kept_apart = path.attribute().is_membership()
        || path.attribute().is_read_only()
        || path.attribute().when_returned() == Returned::Never;
    if path.target().kind() == Kind::Complex || kept_apart {
        return Err(wrong(to, expected));
    }
    Ok(Rule {
        to: names,
        address: path.attribute().name() == "emails"
            && path.extension().is_none()
            && path
                .sub_attribute()
                .is_some_and(|sub| sub.name() == "value"),
        from: path,
        among: filter,
    })
}

impl Rule {
    fn value(&self, resource: &Resource) -> Option<Value> {
        let found = resource.value(self.from.extension(), self.from.attribute())?;
        let one = match found {
            Value::Array(items) => chosen(items, self.among.as_ref())?,
            one => one,
        };
        let value = match self.from.sub_attribute() {
            Some(sub) => one.get(sub.name())?,
            None => one,
        };
        let fits = !self.address || value.as_str().is_some_and(|text| text.contains('@'));
        fits.then(|| value.clone())
    }
}

fn chosen<'a>(items: &'a [Value], among: Option<&ElementFilter>) -> Option<&'a Value> {
    let fit = || {
        items
            .iter()
            .filter(|item| among.is_none_or(|filter| filter.fits(item)))
    };
    let is_work = |item: &&Value| {
        item.get("type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
    };
    fit()
        .find(|item| is_primary(item))
        .or_else(|| fit().find(is_work))
        .or_else(|| fit().next())
}

fn put(traits: &mut Map<String, Value>, to: &[String], value: Option<Value>) {
    let Some((name, rest)) = to.split_first() else {
        return;
    };
    if rest.is_empty() {
        match value {
            Some(value) => traits.insert(name.clone(), value),
            None => traits.remove(name),
        };
        return;
    }
    if !traits.get(name).is_some_and(Value::is_object) {
        if value.is_none() {
            return;
        }
        traits.insert(name.clone(), Value::Object(Map::new()));
    }
    let Some(Value::Object(inner)) = traits.get_mut(name) else {
        return;
    };
    put(inner, rest, value);
    if inner.is_empty() {
        traits.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::Incoming;
    use crate::urn;

    fn kept(body: Value) -> Resource {
        let of = ResourceType::user();
        Incoming::create(&body, &of).expect("is fine").resource
    }

    fn traits(mapping: &Mapping, resource: Value, before: Value) -> Value {
        let Value::Object(mut traits) = before else {
            panic!("no object");
        };
        mapping.apply(&kept(resource), &mut traits);
        Value::Object(traits)
    }

    #[test]
    fn the_standard_mapping_takes_names_and_the_primary_values() {
        let standard = Mapping::standard(&ResourceType::user()).expect("is fine");
        let user = json!({"userName": "ada@example.com", "name": {"givenName": "Ada"},
            "emails": [{"value": "h@x", "type": "home"}, {"value": "w@x", "type": "Work"}],
            "phoneNumbers": [{"value": "1"}, {"value": "2", "primary": true}]});
        assert_eq!(
            traits(
                &standard,
                user,
                json!({"email": "old@x", "team": "red", "name": {"last": "L"}})
            ),
            json!({"username": "ada@example.com", "email": "w@x", "team": "red", "name": {"first": "Ada"}, "phone": "2"})
        );
        // What is no address is no trait, and what is gone goes.
        assert_eq!(
            traits(
                &standard,
                json!({"userName": "a", "emails": [{"value": "none"}]}),
                json!({"name": {"first": "A"}, "email": "old@x"})
            ),
            json!({"username": "a"})
        );
    }

    #[test]
    fn a_mapping_of_ones_own_chooses_by_filter_and_from_extensions() {
        let of = ResourceType::user();
        let own = json!({"mail": "emails[type eq \"home\"].value", "work.unit": format!("{}:department", urn::ENTERPRISE_USER),
            "boss": format!("{}:manager.value", urn::ENTERPRISE_USER), "on": "active"});
        let own = Mapping::parse(own.as_object().expect("an object"), &of).expect("is fine");
        let user = json!({"userName": "a", "emails": [{"value": "w@x", "type": "work"}, {"value": "h@x", "type": "home"}],
            urn::ENTERPRISE_USER: {"department": "D", "manager": {"value": "7"}}});
        assert_eq!(
            traits(&own, user, json!({})),
            json!({"mail": "h@x", "work": {"unit": "D"}, "boss": "7", "on": true})
        );
    }

    #[test]
    fn what_can_be_no_trait_is_refused_by_name() {
        let of = ResourceType::user();
        for (to, from) in [
            ("a", json!("nope")),
            ("a", json!("name")),
            ("a", json!("password")),
            ("a", json!("groups")),
            ("a", json!(7)),
            ("", json!("userName")),
            ("a..b", json!("userName")),
            ("a", json!(urn::ENTERPRISE_USER)),
        ] {
            let mut members = Map::new();
            members.insert(to.to_owned(), from.clone());
            let error = Mapping::parse(&members, &of).expect_err("refused");
            assert_eq!(
                error.envelope().details["field"],
                format!("mapping.{to}"),
                "{from}"
            );
        }
    }
}

//! One attribute and its characteristics (RFC 7643 section 2.2 and 7).

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

/// The type of an attribute's values (RFC 7643 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// A number with or without a fraction.
    Decimal,
    /// A whole number.
    Integer,
    /// A point in time.
    DateTime,
    /// Bytes, in base64.
    Binary,
    /// A URI, of a resource or of something outside.
    Reference,
    /// Sub-attributes.
    Complex,
}

/// Who can write the attribute (RFC 7643 section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Nobody but the service.
    ReadOnly,
    /// Clients.
    ReadWrite,
    /// Clients, once.
    Immutable,
    /// Clients, who never see it again.
    WriteOnly,
}

/// When the attribute is in an answer (RFC 7643 section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// Always, whatever was asked for.
    Always,
    /// Never.
    Never,
    /// Unless others were asked for.
    Default,
    /// When it was asked for.
    Request,
}

/// Among whom a value is unique (RFC 7643 section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Uniqueness {
    /// Nobody.
    None,
    /// The resources of the tenant.
    Server,
    /// All resources everywhere.
    Global,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) multi_valued: bool,
    pub(crate) description: String,
    pub(crate) required: bool,
    pub(crate) canonical_values: Vec<String>,
    pub(crate) case_exact: bool,
    pub(crate) mutability: Mutability,
    pub(crate) returned: Returned,
    pub(crate) uniqueness: Uniqueness,
    pub(crate) reference_types: Vec<String>,
    pub(crate) sub_attributes: Vec<Arc<Attribute>>,
    /// What a resource has that was created or replaced without a word about it.
    pub(crate) on_when_silent: bool,
}

impl Attribute {
    pub(crate) fn new(name: &str, kind: Kind, description: &str) -> Self {
        Self {
            name: name.into(),
            kind,
            multi_valued: false,
            description: description.to_owned(),
            required: false,
            canonical_values: Vec::new(),
            case_exact: matches!(kind, Kind::Reference | Kind::Binary),
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
            on_when_silent: false,
        }
    }

    pub(crate) fn text(name: &str, description: &str) -> Self {
        Self::new(name, Kind::String, description)
    }

    pub(crate) fn boolean(name: &str, description: &str) -> Self {
        Self::new(name, Kind::Boolean, description)
    }

    pub(crate) fn reference(name: &str, to: &[&str], description: &str) -> Self {
        let mut made = Self::new(name, Kind::Reference, description);
        made.reference_types = to.iter().map(|to| (*to).to_owned()).collect();
        made
    }

    pub(crate) fn complex(name: &str, description: &str, sub_attributes: Vec<Self>) -> Self {
        let mut made = Self::new(name, Kind::Complex, description);
        made.sub_attributes = sub_attributes.into_iter().map(Arc::new).collect();
        made
    }

    pub(crate) fn many(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) fn exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    pub(crate) fn suggests(mut self, values: &[&str]) -> Self {
        self.canonical_values = values.iter().map(|value| (*value).to_owned()).collect();
        self
    }

    pub(crate) fn mutability(mut self, mutability: Mutability) -> Self {
        self.mutability = mutability;
        self
    }

    pub(crate) fn returned(mut self, returned: Returned) -> Self {
        self.returned = returned;
        self
    }

    pub(crate) fn unique(mut self) -> Self {
        self.uniqueness = Uniqueness::Server;
        self
    }

    pub(crate) fn on_when_silent(mut self) -> Self {
        self.on_when_silent = true;
        self
    }

    /// The name, as it is written in answers.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its values.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it holds a list.
    pub fn is_multi_valued(&self) -> bool {
        self.multi_valued
    }

    /// Whether text in it is compared letter by letter; otherwise without regard to case.
    pub fn is_case_exact(&self) -> bool {
        self.case_exact
    }

    /// Who can write it.
    pub fn who_writes(&self) -> Mutability {
        self.mutability
    }

    /// Whether a resource without it is refused.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// When it is in an answer.
    pub fn when_returned(&self) -> Returned {
        self.returned
    }

    /// The sub-attribute of this name, in any case.
    pub fn sub_attribute(&self, name: &str) -> Option<&Arc<Self>> {
        named(&self.sub_attributes, name)
    }

    /// Whether it is the members of a group, which are kept apart from it.
    pub(crate) fn is_membership(&self) -> bool {
        self.multi_valued && &*self.name == super::group::MEMBERS
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.mutability == Mutability::ReadOnly
    }
}

pub(crate) fn named<'a>(among: &'a [Arc<Attribute>], name: &str) -> Option<&'a Arc<Attribute>> {
    among
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

impl Serialize for Attribute {
    /// As `/Schemas` describes it: only the characteristics that say something of its kind, and no nulls.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &*self.name)?;
        map.serialize_entry("type", &self.kind)?;
        map.serialize_entry("multiValued", &self.multi_valued)?;
        map.serialize_entry("description", &self.description)?;
        map.serialize_entry("required", &self.required)?;
        if !self.canonical_values.is_empty() {
            map.serialize_entry("canonicalValues", &self.canonical_values)?;
        }
        map.serialize_entry("caseExact", &self.case_exact)?;
        map.serialize_entry("mutability", &self.mutability)?;
        map.serialize_entry("returned", &self.returned)?;
        map.serialize_entry("uniqueness", &self.uniqueness)?;
        if !self.reference_types.is_empty() {
            map.serialize_entry("referenceTypes", &self.reference_types)?;
        }
        if !self.sub_attributes.is_empty() {
            map.serialize_entry("subAttributes", &self.sub_attributes)?;
        }
        map.end()
    }
}

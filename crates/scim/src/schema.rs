//! Schemas and what they say of attributes (RFC 7643 sections 2 and 7), as data: validation, filters, PATCH, projections and
//! the discovery documents all read the same.

mod attribute;
mod common;
mod defined;
mod enterprise;
mod group;
mod resource_type;
mod user;

use std::sync::Arc;

use serde::Serialize;

pub use attribute::{Attribute, Kind, Mutability, Returned, Uniqueness};
pub use resource_type::{Extension, ResourceType};

/// A schema: a URN and the attributes that stand under it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Schema {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) attributes: Vec<Arc<Attribute>>,
}

impl Schema {
    fn new(id: &str, name: &str, description: &str, attributes: Vec<Attribute>) -> Self {
        Self {
            id: id.into(),
            name: name.to_owned(),
            description: description.to_owned(),
            attributes: attributes.into_iter().map(Arc::new).collect(),
        }
    }

    /// The URN.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The attributes, in the order in which they are described.
    pub fn attributes(&self) -> &[Arc<Attribute>] {
        &self.attributes
    }

    /// The attribute of this name, in any case (RFC 7643 section 2.1).
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        attribute::named(&self.attributes, name)
    }
}

/// The same definitions under one name for those who make schemas.
pub(crate) use common::COMMON;

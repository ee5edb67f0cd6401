//! Kinds of resources: a core schema and its extensions (RFC 7643 section 6).

use std::sync::Arc;

use palisade_envelope::Result;

use super::{Attribute, COMMON, Schema, enterprise, group, user};
use crate::error::{ScimType, refusal};

/// A schema that adds to the core schema of a resource type.
#[derive(Clone, Debug, PartialEq)]
pub struct Extension {
    /// The schema.
    pub schema: Arc<Schema>,
    /// Whether a resource without it is refused.
    pub required: bool,
}

/// A kind of resource.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceType {
    pub(crate) name: &'static str,
    pub(crate) endpoint: &'static str,
    pub(crate) description: &'static str,
    pub(crate) schema: Arc<Schema>,
    pub(crate) extensions: Vec<Extension>,
}

impl ResourceType {
    /// Users, with the enterprise extension.
    pub fn user() -> Self {
        Self {
            name: "User",
            endpoint: "/Users",
            description: "User accounts.",
            schema: Arc::new(user::schema()),
            extensions: vec![Extension {
                schema: Arc::new(enterprise::schema()),
                required: false,
            }],
        }
    }

    /// Groups.
    pub fn group() -> Self {
        Self {
            name: "Group",
            endpoint: "/Groups",
            description: "Groups of users and of groups.",
            schema: Arc::new(group::schema()),
            extensions: Vec::new(),
        }
    }

    /// The same with an extension of a tenant.
    ///
    /// # Errors
    /// `invalidValue` where it has an extension of this URN already.
    pub fn with_extension(mut self, extension: Extension) -> Result<Self> {
        if self.find_extension(extension.schema.id()).is_some() {
            return Err(refusal(
                ScimType::InvalidValue,
                format!("the schema `{}` is there already", extension.schema.id()),
            ));
        }
        self.extensions.push(extension);
        Ok(self)
    }

    /// The name: `User`, `Group`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where its resources are: `/Users`, `/Groups`.
    pub fn endpoint(&self) -> &'static str {
        self.endpoint
    }

    /// The core schema.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The extensions, standard ones first.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    pub(crate) fn find_extension(&self, urn: &str) -> Option<&Extension> {
        self.extensions
            .iter()
            .find(|extension| extension.schema.id.eq_ignore_ascii_case(urn))
    }

    /// A common attribute or one of the core schema.
    pub(crate) fn core_attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        COMMON
            .attribute(name)
            .or_else(|| self.schema.attribute(name))
    }

    /// Every name that a path can begin with, for hints.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        COMMON
            .attributes()
            .iter()
            .chain(self.schema.attributes())
            .chain(
                self.extensions
                    .iter()
                    .flat_map(|extension| extension.schema.attributes()),
            )
            .map(|attribute| attribute.name())
    }
}

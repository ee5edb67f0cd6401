//! The attributes that every resource has (RFC 7643 section 3.1). They stand in no schema.

use std::sync::{Arc, LazyLock};

use super::{Attribute, Kind, Mutability, Returned, attribute};

/// `schemas`, `id`, `externalId`, `meta`.
pub(crate) static COMMON: LazyLock<Common> = LazyLock::new(Common::new);

pub(crate) struct Common(Vec<Arc<Attribute>>);

impl Common {
    fn new() -> Self {
        let read_only = |attribute: Attribute| attribute.mutability(Mutability::ReadOnly);
        let meta = Attribute::complex(
            "meta",
            "What the service keeps about the resource.",
            vec![
                read_only(Attribute::text("resourceType", "The kind of the resource.").exact()),
                read_only(Attribute::new(
                    "created",
                    Kind::DateTime,
                    "When it was created.",
                )),
                read_only(Attribute::new(
                    "lastModified",
                    Kind::DateTime,
                    "When it last changed.",
                )),
                read_only(Attribute::reference("location", &["uri"], "Where it is.")),
                read_only(Attribute::text("version", "Its entity tag.").exact()),
            ],
        );
        Self(
            [
                Attribute::reference("schemas", &["uri"], "The schemas that it has values of.")
                    .many()
                    .mutability(Mutability::ReadOnly)
                    .returned(Returned::Always),
                Attribute::text("id", "Its id, made by the service.")
                    .exact()
                    .mutability(Mutability::ReadOnly)
                    .returned(Returned::Always)
                    .unique(),
                Attribute::text("externalId", "Its id at the client.").exact(),
                read_only(meta),
            ]
            .map(Arc::new)
            .into(),
        )
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        attribute::named(&self.0, name)
    }

    pub(crate) fn attributes(&self) -> &[Arc<Attribute>] {
        &self.0
    }
}

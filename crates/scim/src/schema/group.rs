//! The schema of groups (RFC 7643 section 4.2).

use super::{Attribute, Mutability, Returned, Schema};
use crate::urn;

/// The attribute that is kept apart from its group.
pub(crate) const MEMBERS: &str = "members";

pub(super) fn schema() -> Schema {
    Schema::new(
        urn::GROUP,
        "Group",
        "A group of users and of other groups.",
        vec![
            Attribute::text("displayName", "The name of the group.").required(),
            Attribute::complex(
                MEMBERS,
                "Who is in the group.",
                vec![
                    Attribute::text("value", "The id of the member.")
                        .exact()
                        .mutability(Mutability::Immutable),
                    Attribute::reference("$ref", &["User", "Group"], "Where the member is.")
                        .mutability(Mutability::Immutable),
                    Attribute::text("type", "What the member is.")
                        .suggests(&["User", "Group"])
                        .mutability(Mutability::Immutable),
                    // Not by default: clients compare what they get with what they sent.
                    Attribute::text("display", "The name of the member, made by the service.")
                        .mutability(Mutability::ReadOnly)
                        .returned(Returned::Request),
                ],
            )
            .many(),
        ],
    )
}

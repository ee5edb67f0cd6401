//! The extension of users in an enterprise (RFC 7643 section 4.3).

use super::{Attribute, Mutability, Schema};
use crate::urn;

pub(super) fn schema() -> Schema {
    let one = Attribute::text;
    Schema::new(
        urn::ENTERPRISE_USER,
        "EnterpriseUser",
        "What an enterprise keeps about a user.",
        vec![
            one(
                "employeeNumber",
                "The number of the person in the organization.",
            ),
            one("costCenter", "The cost centre."),
            one("organization", "The organization."),
            one("division", "The division."),
            one("department", "The department."),
            Attribute::complex(
                "manager",
                "The user's manager.",
                vec![
                    one("value", "The id of the manager.").exact(),
                    Attribute::reference("$ref", &["User"], "Where the manager is."),
                    one(
                        "displayName",
                        "The name of the manager, made by the service.",
                    )
                    .mutability(Mutability::ReadOnly),
                ],
            ),
        ],
    )
}

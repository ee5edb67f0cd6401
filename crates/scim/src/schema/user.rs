//! The schema of users (RFC 7643 section 4.1).

use super::{Attribute, Kind, Mutability, Returned, Schema};
use crate::urn;

/// A list whose elements have `value`, `display`, `type` and `primary` (RFC 7643 section 2.4).
fn plural(name: &str, description: &str, value: Attribute, types: &[&str]) -> Attribute {
    let mut kind = Attribute::text("type", "What it is used for.");
    if !types.is_empty() {
        kind = kind.suggests(types);
    }
    Attribute::complex(
        name,
        description,
        vec![
            value,
            Attribute::text("display", "Its name for people."),
            kind,
            Attribute::boolean("primary", "Whether it is the preferred one of the list."),
        ],
    )
    .many()
}

fn name() -> Attribute {
    let part = Attribute::text;
    Attribute::complex(
        "name",
        "The parts of the user's name.",
        vec![
            part("formatted", "The whole name, as it is shown."),
            part("familyName", "The family name."),
            part("givenName", "The given name."),
            part("middleName", "Middle names."),
            part("honorificPrefix", "What stands before the name."),
            part("honorificSuffix", "What stands after the name."),
        ],
    )
}

fn addresses() -> Attribute {
    Attribute::complex(
        "addresses",
        "Postal addresses of the user.",
        vec![
            Attribute::text("formatted", "The whole address, as it is printed."),
            Attribute::text("streetAddress", "Street and number."),
            Attribute::text("locality", "City or place."),
            Attribute::text("region", "State or region."),
            Attribute::text("postalCode", "Postal code."),
            Attribute::text("country", "Country, in two letters (ISO 3166-1)."),
            Attribute::text("type", "What it is used for.").suggests(&["work", "home", "other"]),
            Attribute::boolean("primary", "Whether it is the preferred one of the list."),
        ],
    )
    .many()
}

fn groups() -> Attribute {
    let read_only = |attribute: Attribute| attribute.mutability(Mutability::ReadOnly);
    read_only(
        Attribute::complex(
            "groups",
            "The groups that the user is in; change them at the group.",
            vec![
                read_only(Attribute::text("value", "The id of the group.").exact()),
                read_only(Attribute::reference(
                    "$ref",
                    &["Group"],
                    "Where the group is.",
                )),
                read_only(Attribute::text("display", "The name of the group.")),
                read_only(
                    Attribute::text("type", "Whether by name or through another group.")
                        .suggests(&["direct", "indirect"]),
                ),
            ],
        )
        .many(),
    )
}

pub(super) fn schema() -> Schema {
    let value = |description| Attribute::text("value", description);
    let one = Attribute::text;
    Schema::new(
        urn::USER,
        "User",
        "A user account.",
        vec![
            one(
                "userName",
                "What the user is known by; unique in the tenant.",
            )
            .required()
            .unique(),
            name(),
            one("displayName", "The name that is shown."),
            one("nickName", "The casual name."),
            Attribute::reference("profileUrl", &["external"], "A page about the user."),
            one("title", "The user's title."),
            one("userType", "What the user is to the organization."),
            one(
                "preferredLanguage",
                "The preferred language (RFC 9110 section 12.5.4).",
            ),
            one(
                "locale",
                "The locale for numbers, dates and the like (RFC 5646).",
            ),
            one("timezone", "The time zone, by its Olson name."),
            Attribute::boolean("active", "Whether the account can be used.").on_when_silent(),
            one("password", "A new password. It is never given out.")
                .exact()
                .mutability(Mutability::WriteOnly)
                .returned(Returned::Never),
            plural(
                "emails",
                "E-mail addresses of the user.",
                value("An e-mail address."),
                &["work", "home", "other"],
            ),
            plural(
                "phoneNumbers",
                "Phone numbers of the user.",
                value("A phone number, kept as it was sent."),
                &["work", "home", "mobile", "fax", "pager", "other"],
            ),
            plural(
                "ims",
                "Instant messaging addresses of the user.",
                value("An address."),
                &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"],
            ),
            plural(
                "photos",
                "Pictures of the user.",
                Attribute::reference("value", &["external"], "Where the picture is."),
                &["photo", "thumbnail"],
            ),
            addresses(),
            groups(),
            plural(
                "entitlements",
                "What the user is entitled to.",
                value("An entitlement."),
                &[],
            ),
            plural("roles", "Roles of the user.", value("A role."), &[]),
            plural(
                "x509Certificates",
                "Certificates of the user.",
                Attribute::new("value", Kind::Binary, "A certificate, DER in base64."),
                &[],
            ),
        ],
    )
}

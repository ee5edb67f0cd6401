//! Links of users that provisioning systems keep: the planner for `scim`.
//!
//! A connection makes the identities that it provisions, and is linked to no other: nobody is looked for, by no address and no name,
//! so that nothing a client says can make somebody its own who was there before. Whether the subject is free the store says: one that
//! is known, whether it is linked, returned or rejected, is a conflict.

use palisade_identity::{IdentityId, LinkedBy, change::MAX_IDENTIFIER};

/// What a provisioning system says of one of its users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Provisioned<'a> {
    /// The client's own id for it.
    pub external_id: Option<&'a str>,
    /// The user's name.
    pub user_name: &'a str,
    /// An e-mail address. Never a key.
    pub email: Option<&'a str>,
    /// A name to show.
    pub display_name: Option<&'a str>,
}

/// The link of a user to the connection that provisions it. Made by [`plan`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionedLink {
    user: IdentityId,
    external_id: String,
    username: String,
    email: Option<String>,
    display_name: Option<String>,
}

/// Plans the link of `user`: its subject is the client's id, or where that is missing the identity's own, which the client
/// knows it by. What is only shown is cut to what is kept.
pub fn plan(user: IdentityId, said: Provisioned<'_>) -> ProvisionedLink {
    let cut = |text: &str| -> String { text.chars().take(MAX_IDENTIFIER).collect() };
    ProvisionedLink {
        user,
        external_id: said
            .external_id
            .map_or_else(|| user.to_string(), ToOwned::to_owned),
        username: cut(said.user_name),
        email: said.email.map(cut),
        display_name: said.display_name.map(cut),
    }
}

impl ProvisionedLink {
    /// The identity.
    pub const fn user(&self) -> IdentityId {
        self.user
    }

    /// The subject at the provider.
    pub fn external_id(&self) -> &str {
        &self.external_id
    }

    /// As the client says.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// As the client says. Never a key.
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// As the client says.
    pub fn display_name(&self) -> Option<&str> {
        self.display_name.as_deref()
    }

    /// How the link comes to be.
    pub const fn linked_by(&self) -> LinkedBy {
        LinkedBy::Scim
    }
}

#[cfg(test)]
mod tests {
    use palisade_identity::ids::Uuid;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever a client says, the link is of the identity that was made for it, under the client's own id or that identity's.
        #[test]
        fn no_word_of_a_client_chooses_whom_it_is_linked_to(
            id: u128,
            external_id: Option<String>,
            user_name: String,
            email: Option<String>,
            display_name: Option<String>,
        ) {
            let user = IdentityId::from_uuid(Uuid::from_u128(id));
            let said = Provisioned {
                external_id: external_id.as_deref(),
                user_name: &user_name,
                email: email.as_deref(),
                display_name: display_name.as_deref(),
            };
            let link = plan(user, said);
            prop_assert_eq!(link.user(), user);
            prop_assert_eq!(link.linked_by(), LinkedBy::Scim);
            let own = user.to_string();
            prop_assert_eq!(link.external_id(), external_id.as_deref().unwrap_or(&own));
            // What is only shown changes nothing of it.
            let silent = Provisioned { external_id: external_id.as_deref(), ..Provisioned::default() };
            let other = plan(user, silent);
            prop_assert_eq!((other.user(), other.external_id()), (link.user(), link.external_id()));
            prop_assert_eq!(&plan(user, said), &link);
        }
    }

    #[test]
    fn the_subject_is_the_clients_id_else_the_identitys() {
        let user = IdentityId::from_uuid(Uuid::from_u128(7));
        let mut said = Provisioned {
            user_name: "ada",
            ..Provisioned::default()
        };
        assert_eq!(plan(user, said).external_id(), user.to_string());
        said.external_id = Some("00u1");
        let long = "x".repeat(300);
        said.display_name = Some(&long);
        let link = plan(user, said);
        assert_eq!(link.external_id(), "00u1");
        assert_eq!(link.linked_by(), LinkedBy::Scim);
        assert_eq!(link.display_name().map(str::len), Some(255));
    }
}

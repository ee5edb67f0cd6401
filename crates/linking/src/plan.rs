//! What the planners decide and the store applies.

use palisade_identity::{IdentityId, LinkId, LinkedBy, ProviderId, ProviderType};

/// A link to make. Made by the planners only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPlan {
    pub(crate) existing: Option<LinkId>,
    pub(crate) user: IdentityId,
    pub(crate) provider: ProviderId,
    pub(crate) provider_name: String,
    pub(crate) provider_type: ProviderType,
    pub(crate) external_id: String,
    pub(crate) username: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) linked_by: LinkedBy,
}

impl LinkPlan {
    /// The external identity that is known already and linked to nobody; `None`: a new one is to be made.
    pub const fn existing(&self) -> Option<LinkId> {
        self.existing
    }

    /// The identity to link it to.
    pub const fn user(&self) -> IdentityId {
        self.user
    }

    /// The provider.
    pub const fn provider(&self) -> ProviderId {
        self.provider
    }

    /// The provider's name.
    pub fn provider_name(&self) -> &str {
        &self.provider_name
    }

    /// What kind of provider it is.
    pub const fn provider_type(&self) -> ProviderType {
        self.provider_type
    }

    /// The subject at the provider.
    pub fn external_id(&self) -> &str {
        &self.external_id
    }

    /// As the caller or the provider says.
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// As the caller or the provider says. Never a key.
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// As the caller or the provider says.
    pub fn display_name(&self) -> Option<&str> {
        self.display_name.as_deref()
    }

    /// How the link comes to be: the planner's own.
    pub const fn linked_by(&self) -> LinkedBy {
        self.linked_by
    }
}

/// A link to remove. Made by the planners only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnlinkPlan {
    pub(crate) link: LinkId,
    pub(crate) user: IdentityId,
    pub(crate) provider_name: String,
    pub(crate) provider_type: ProviderType,
    pub(crate) external_id: String,
    pub(crate) linked_by: LinkedBy,
    pub(crate) forced: bool,
}

impl UnlinkPlan {
    /// The link.
    pub const fn link(&self) -> LinkId {
        self.link
    }

    /// The identity that it belonged to.
    pub const fn user(&self) -> IdentityId {
        self.user
    }

    /// The provider's name.
    pub fn provider_name(&self) -> &str {
        &self.provider_name
    }

    /// What kind of provider it is.
    pub const fn provider_type(&self) -> ProviderType {
        self.provider_type
    }

    /// The subject at the provider.
    pub fn external_id(&self) -> &str {
        &self.external_id
    }

    /// How the link came to be.
    pub const fn linked_by(&self) -> LinkedBy {
        self.linked_by
    }

    /// Whether it goes against a rule because the caller said so: for the audit event.
    pub const fn forced(&self) -> bool {
        self.forced
    }
}

//! Users and external identities as callers of `/v1` read them.

use chrono::{DateTime, Utc};
use palisade_identity::{ExternalIdentity, GroupId, Identity, RawJson, Via};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person's (or machine's) account: the same thing as Ory's identity.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserBody {
    id: Uuid,
    /// The caller's own key for it.
    external_id: Option<String>,
    #[schema(value_type = crate::words::StateWord)]
    state: &'static str,
    /// The identity schema that the traits fit.
    schema_id: String,
    /// A JSON object that fits the schema.
    #[schema(value_type = Object)]
    traits: RawJson,
    /// The e-mail addresses that it is verified or recovered by.
    emails: Vec<String>,
    /// The ids of the groups that provisioning systems have it in, and of those that these are in: what policies call
    /// `Palisade::Group::"<id>"`.
    groups: Vec<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl UserBody {
    /// An identity that is in these groups.
    pub(super) fn new(identity: Identity, groups: Vec<GroupId>) -> Self {
        let verifiable = identity
            .verifiable_addresses
            .into_iter()
            .map(|address| (address.via, address.value));
        let recovery = identity
            .recovery_addresses
            .into_iter()
            .map(|address| (address.via, address.value));
        let mut emails: Vec<String> = verifiable
            .chain(recovery)
            .filter(|(via, _)| *via == Via::Email)
            .map(|(_, value)| value)
            .collect();
        emails.sort_unstable();
        emails.dedup();
        Self {
            id: identity.id.as_uuid(),
            external_id: identity.external_id,
            state: identity.state.as_str(),
            schema_id: identity.schema_id,
            traits: identity.traits,
            emails,
            groups: groups.into_iter().map(GroupId::as_uuid).collect(),
            created_at: identity.created_at,
            updated_at: identity.updated_at,
        }
    }
}

/// An account at an outside provider. Every field is always present.
#[derive(Serialize, ToSchema)]
#[schema(as = ExternalIdentity)]
pub(super) struct ExternalIdentityBody {
    id: Uuid,
    /// The identity that it is linked to; `null`: nobody yet.
    #[schema(required = true)]
    user_id: Option<Uuid>,
    identity_provider_id: Uuid,
    /// The provider's name, unique in the tenant.
    provider_name: String,
    #[schema(value_type = crate::words::ProviderWord)]
    provider_type: &'static str,
    /// The subject at the provider.
    external_id: String,
    /// As the provider last said.
    #[schema(required = true)]
    external_username: Option<String>,
    /// As the provider last said; never a key.
    #[schema(required = true)]
    external_email: Option<String>,
    /// As the provider last said.
    #[schema(required = true)]
    external_display_name: Option<String>,
    #[schema(value_type = crate::words::LinkedByWord)]
    linked_by: &'static str,
    /// When the provider last spoke of it.
    #[schema(required = true)]
    last_synced_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<ExternalIdentity> for ExternalIdentityBody {
    fn from(identity: ExternalIdentity) -> Self {
        let ExternalIdentity {
            id,
            user_id,
            identity_provider_id,
            provider_name,
            provider_type,
            external_id,
            external_username,
            external_email,
            external_display_name,
            linked_by,
            last_synced_at,
            created_at,
            updated_at,
        } = identity;
        Self {
            id: id.as_uuid(),
            user_id: user_id.map(|id| id.as_uuid()),
            identity_provider_id: identity_provider_id.as_uuid(),
            provider_name,
            provider_type: provider_type.as_str(),
            external_id,
            external_username,
            external_email,
            external_display_name,
            linked_by: linked_by.as_str(),
            last_synced_at,
            created_at,
            updated_at,
        }
    }
}

//! An identity as Ory's clients read it.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use palisade_identity::{
    Credential, CredentialType, Identity, RawJson, RecoveryAddress, Region, State,
    VerifiableAddress, time_text,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::words::{RegionWord, StateWord, StatusWord, ViaWord};

/// An identity. `schema_url` names the schema's place; `metadata_admin` is for admins' eyes.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityBody<'a> {
    /// Chosen by the server.
    #[schema(value_type = uuid::Uuid)]
    id: palisade_identity::IdentityId,
    /// The caller's own key for it, unique in the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    /// Credentials by type; `config` only where `include_credential` names the type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, CredentialBody>>)]
    credentials: Option<BTreeMap<CredentialType, CredentialBody<'a>>>,
    /// The identity schema that the traits fit.
    schema_id: &'a str,
    /// Where the schema can be read.
    schema_url: String,
    /// `active` or `inactive`.
    #[schema(value_type = StateWord)]
    state: State,
    /// When `state` last changed.
    #[serde(serialize_with = "time_text::serialize")]
    state_changed_at: DateTime<Utc>,
    /// A JSON object that fits the schema.
    #[schema(value_type = Object)]
    traits: &'a RawJson,
    /// Addresses that can be verified.
    #[serde(skip_serializing_if = "<[VerifiableAddress]>::is_empty")]
    #[schema(value_type = Vec<VerifiableAddressBody>, required = false)]
    verifiable_addresses: &'a [VerifiableAddress],
    /// Addresses that recover the account.
    #[serde(skip_serializing_if = "<[RecoveryAddress]>::is_empty")]
    #[schema(value_type = Vec<RecoveryAddressBody>, required = false)]
    recovery_addresses: &'a [RecoveryAddress],
    /// What the identity itself may see.
    #[schema(value_type = Value)]
    metadata_public: Option<&'a RawJson>,
    /// What only admins see; left out where the identity itself looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    metadata_admin: Option<Option<&'a RawJson>>,
    /// When it was made.
    #[serde(serialize_with = "time_text::serialize")]
    created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(serialize_with = "time_text::serialize")]
    updated_at: DateTime<Utc>,
    /// Ory's organization.
    organization_id: Option<uuid::Uuid>,
    /// The region that the request named; echoed, not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RegionWord>)]
    region: Option<Region>,
}

/// One credential.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentityCredentials)]
pub(crate) struct CredentialBody<'a> {
    /// The type; the same as its key.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: CredentialType,
    /// What is presented to sign in.
    identifiers: &'a [String],
    /// The secret part, where it was asked for and policy allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    config: Option<RawJson>,
    /// Of the configuration's form.
    version: i64,
    /// When it was first set up.
    #[serde(serialize_with = "time_text::serialize")]
    created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(serialize_with = "time_text::serialize")]
    updated_at: DateTime<Utc>,
}

/// An address that can be verified.
#[derive(ToSchema)]
#[schema(as = VerifiableIdentityAddress)]
#[expect(
    dead_code,
    reason = "describes `palisade_identity::VerifiableAddress` in the document"
)]
struct VerifiableAddressBody {
    id: uuid::Uuid,
    value: String,
    verified: bool,
    via: ViaWord,
    status: StatusWord,
    verified_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// An address that recovers the account.
#[derive(ToSchema)]
#[schema(as = RecoveryIdentityAddress)]
#[expect(
    dead_code,
    reason = "describes `palisade_identity::RecoveryAddress` in the document"
)]
struct RecoveryAddressBody {
    id: uuid::Uuid,
    value: String,
    via: ViaWord,
    /// As it was imported; left out where there is none.
    break_glass_for_organization: Option<uuid::Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Secret parts by type, for the types that were asked for.
pub(crate) type Configs = BTreeMap<CredentialType, RawJson>;

impl<'a> IdentityBody<'a> {
    /// The body without credentials, as lists have it.
    pub(crate) fn new(identity: &'a Identity, base_url: &str) -> Self {
        Self {
            id: identity.id,
            external_id: identity.external_id.as_deref(),
            credentials: None,
            schema_id: &identity.schema_id,
            schema_url: format!(
                "{base_url}/schemas/{}",
                URL_SAFE_NO_PAD.encode(&identity.schema_id)
            ),
            state: identity.state,
            state_changed_at: identity.state_changed_at,
            traits: &identity.traits,
            verifiable_addresses: &identity.verifiable_addresses,
            recovery_addresses: &identity.recovery_addresses,
            metadata_public: identity.metadata_public.as_ref(),
            metadata_admin: Some(identity.metadata_admin.as_ref()),
            created_at: identity.created_at,
            updated_at: identity.updated_at,
            organization_id: identity.organization_id,
            region: None,
        }
    }

    /// The same with all credentials, and `config` for the types in `configs`.
    #[must_use]
    pub(crate) fn with_credentials(mut self, identity: &'a Identity, mut configs: Configs) -> Self {
        let body = |(kind, credential): (&CredentialType, &'a Credential)| {
            let body = CredentialBody {
                kind: *kind,
                identifiers: &credential.identifiers,
                config: configs.remove(kind),
                version: credential.version,
                created_at: credential.created_at,
                updated_at: credential.updated_at,
            };
            (*kind, body)
        };
        self.credentials = Some(identity.credentials.iter().map(body).collect());
        self
    }

    /// The same as the identity itself may see it.
    #[must_use]
    pub(crate) fn for_itself(self) -> Self {
        Self {
            metadata_admin: None,
            ..self
        }
    }

    /// The same with the region that the request named.
    #[must_use]
    pub(crate) fn with_region(self, region: Option<Region>) -> Self {
        Self { region, ..self }
    }
}

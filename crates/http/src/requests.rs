//! The bodies that callers send in Ory's dialect, for the document. They are read by `palisade_identity::decode`.

#![expect(
    dead_code,
    reason = "these types describe bodies, nothing makes values of them"
)]

use serde_json::Value;
use utoipa::ToSchema;

use crate::words::{NewState, NewStatus, PatchWord, RegionWord, ViaWord};

/// A new identity. Unknown fields are refused by name.
#[derive(ToSchema)]
#[schema(as = CreateIdentityBody)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateIdentityBody {
    /// The identity schema; `default` where left out.
    #[schema(max_length = 255)]
    schema_id: Option<String>,
    /// A JSON object that fits the schema; `{}` where left out.
    #[schema(value_type = Object, required = false)]
    traits: Option<Value>,
    credentials: Option<CredentialsBody>,
    /// The state of addresses that are in the traits.
    verifiable_addresses: Option<Vec<AddressBody>>,
    /// Kept as far as they are in the traits.
    recovery_addresses: Option<Vec<RecoveryBody>>,
    metadata_public: Option<Value>,
    metadata_admin: Option<Value>,
    state: Option<NewState>,
    organization_id: Option<uuid::Uuid>,
    /// Up to 64 characters, unique in the tenant; empty: none.
    #[schema(max_length = 64)]
    external_id: Option<String>,
    region: Option<RegionWord>,
}

/// Up to 1000 items, 200 of them with a plain password at most. Unknown fields are refused by name.
#[derive(ToSchema)]
#[schema(as = PatchIdentitiesBody)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchBody {
    #[schema(max_items = 1000)]
    identities: Option<Vec<BatchItemBody>>,
}

/// One item: it creates, or deletes, or (with neither) does nothing.
#[derive(ToSchema)]
#[schema(as = IdentityPatch)]
#[serde(deny_unknown_fields)]
struct BatchItemBody {
    create: Option<CreateIdentityBody>,
    /// The identity to delete.
    delete: Option<uuid::Uuid>,
    /// Answered with the item's outcome.
    patch_id: Option<uuid::Uuid>,
}

/// The new state of an identity. Metadata and `external_id` are cleared where left out, the rest is kept.
#[derive(ToSchema)]
#[schema(as = UpdateIdentityBody)]
pub(crate) struct ReplaceIdentityBody {
    schema_id: Option<String>,
    /// A JSON object that fits the schema; `{}` where left out.
    #[schema(value_type = Object, required = false)]
    traits: Option<Value>,
    credentials: Option<CredentialsBody>,
    metadata_public: Option<Value>,
    metadata_admin: Option<Value>,
    state: Option<NewState>,
    /// Up to 64 characters, unique in the tenant; empty: none.
    #[schema(max_length = 64)]
    external_id: Option<String>,
    region: Option<RegionWord>,
}

/// Credentials to import. Fields that are not named here, at any depth, are refused by name on create and in a batch, and
/// ignored on PUT.
#[derive(ToSchema)]
#[schema(as = IdentityWithCredentials)]
struct CredentialsBody {
    password: Option<PasswordBody>,
    oidc: Option<ProvidersBody>,
    saml: Option<ProvidersBody>,
    totp: Option<TotpBody>,
    lookup_secret: Option<LookupSecretBody>,
    webauthn: Option<KeysBody>,
    passkey: Option<KeysBody>,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsTotp)]
struct TotpBody {
    config: Option<TotpConfig>,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsTotpConfig)]
struct TotpConfig {
    /// `otpauth://totp/...` with a `secret`; replaces the one that is there.
    #[schema(max_length = 2048)]
    totp_url: String,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsLookupSecret)]
struct LookupSecretBody {
    config: Option<LookupSecretConfig>,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsLookupSecretConfig)]
struct LookupSecretConfig {
    /// Added to those that are there.
    codes: Vec<LookupSecretCode>,
}

#[derive(ToSchema)]
#[schema(as = IdentityCredentialsLookupSecretCode)]
struct LookupSecretCode {
    #[schema(min_length = 1, max_length = 255)]
    code: String,
    used_at: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsKeys)]
struct KeysBody {
    config: Option<KeysConfig>,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsKeysConfig)]
struct KeysConfig {
    /// Each takes the place of the one with its `id`, or is added.
    credentials: Option<Vec<KeyBody>>,
    /// In Base64 or as a list of bytes; passkeys must have one.
    user_handle: Option<Value>,
}

/// A WebAuthn key. Bytes are in Base64 or a list of numbers.
#[derive(ToSchema)]
#[schema(as = IdentityCredentialsWebAuthn)]
struct KeyBody {
    id: Value,
    public_key: Value,
    attestation_type: Option<String>,
    display_name: Option<String>,
    added_at: Option<chrono::DateTime<chrono::Utc>>,
    is_passwordless: Option<bool>,
    authenticator: Option<AuthenticatorBody>,
    flags: Option<KeyFlagsBody>,
    attestation: Option<AttestationBody>,
    transport: Option<Vec<String>>,
}

#[derive(ToSchema)]
#[schema(as = IdentityCredentialsWebAuthnAuthenticator)]
struct AuthenticatorBody {
    /// Of the authenticator's make: 16 bytes at most.
    aaguid: Option<Value>,
    /// Up to 4294967295.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_u32)]
    sign_count: Option<u32>,
    clone_warning: Option<bool>,
}

#[derive(ToSchema)]
#[schema(as = IdentityCredentialsWebAuthnFlags)]
struct KeyFlagsBody {
    user_present: Option<bool>,
    user_verified: Option<bool>,
    backup_eligible: Option<bool>,
    backup_state: Option<bool>,
}

#[derive(ToSchema)]
#[schema(as = IdentityCredentialsWebAuthnAttestation)]
struct AttestationBody {
    #[schema(rename = "client_dataJSON")]
    client_data_json: Option<Value>,
    client_data_hash: Option<Value>,
    authenticator_data: Option<Value>,
    public_key_algorithm: Option<i64>,
    object: Option<Value>,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsPassword)]
struct PasswordBody {
    config: Option<PasswordConfig>,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsPasswordConfig)]
struct PasswordConfig {
    /// In plain; it is hashed with argon2id before it is kept.
    password: Option<String>,
    /// In one of the known formats.
    hashed_password: Option<String>,
    /// The password is known to another system only: neither of the others may be sent with `true`. Kept and shown, and told
    /// to who verifies a password; nothing is called.
    use_password_migration_hook: Option<bool>,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsProviders)]
struct ProvidersBody {
    config: Option<ProvidersConfig>,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsProvidersConfig)]
struct ProvidersConfig {
    providers: Option<Vec<ProviderBody>>,
}

#[derive(ToSchema)]
#[schema(as = IdentityWithCredentialsProvider)]
struct ProviderBody {
    /// The identity provider's name.
    #[schema(min_length = 1)]
    provider: String,
    /// The account at the provider.
    #[schema(min_length = 1)]
    subject: String,
    /// Ory's organization; kept and shown, not checked to exist.
    organization: Option<uuid::Uuid>,
    /// Kept and shown; oidc only.
    use_auto_link: Option<bool>,
}

#[derive(ToSchema)]
#[schema(as = ImportedVerifiableAddress)]
struct AddressBody {
    value: String,
    via: ViaWord,
    verified: Option<bool>,
    status: Option<NewStatus>,
    verified_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Chosen by the server, as are the next: what is sent is not looked at.
    id: Option<Value>,
    created_at: Option<Value>,
    updated_at: Option<Value>,
}

#[derive(ToSchema)]
#[schema(as = ImportedRecoveryAddress)]
struct RecoveryBody {
    value: String,
    via: ViaWord,
    /// Chosen by the server, as are the next: what is sent is not looked at.
    id: Option<Value>,
    created_at: Option<Value>,
    updated_at: Option<Value>,
    /// Kept and shown; means nothing more, as there are no organizations here.
    break_glass_for_organization: Option<uuid::Uuid>,
}

/// A JSON Patch (RFC 6902) of the identity.
#[derive(ToSchema)]
#[schema(as = JsonPatchDocument)]
pub(crate) struct JsonPatchBody(Vec<PatchOperation>);

/// One operation of a JSON Patch.
#[derive(ToSchema)]
#[schema(as = JsonPatch)]
struct PatchOperation {
    op: PatchWord,
    /// A JSON Pointer.
    path: String,
    /// A JSON Pointer, for `move` and `copy`.
    from: Option<String>,
    value: Option<Value>,
}

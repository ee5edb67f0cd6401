//! The bodies that callers send in Ory's dialect, for the document. They are read by `palisade_identity::decode`.

#![expect(
    dead_code,
    reason = "these types describe bodies, nothing makes values of them"
)]

use serde_json::Value;
use utoipa::ToSchema;

/// A new identity. Unknown fields are refused by name.
#[derive(ToSchema)]
#[schema(as = CreateIdentityBody)]
pub(crate) struct CreateIdentityBody {
    /// The identity schema; `default` where left out.
    schema_id: Option<String>,
    /// A JSON object that fits the schema.
    #[schema(value_type = Option<Object>)]
    traits: Option<Value>,
    credentials: Option<CredentialsBody>,
    /// The state of addresses that are in the traits.
    verifiable_addresses: Option<Vec<AddressBody>>,
    /// Kept as far as they are in the traits.
    recovery_addresses: Option<Vec<RecoveryBody>>,
    metadata_public: Option<Value>,
    metadata_admin: Option<Value>,
    /// `active` or `inactive`.
    state: Option<String>,
    organization_id: Option<uuid::Uuid>,
    /// 1 to 64 characters, unique in the tenant.
    external_id: Option<String>,
    region: Option<String>,
}

/// Up to 1000 items, 200 of them with a plain password at most. Unknown fields are refused by name.
#[derive(ToSchema)]
#[schema(as = PatchIdentitiesBody)]
pub(crate) struct BatchBody {
    identities: Option<Vec<BatchItemBody>>,
}

/// One item: it creates, or deletes, or (with neither) does nothing.
#[derive(ToSchema)]
#[schema(as = IdentityPatch)]
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
    #[schema(value_type = Option<Object>)]
    traits: Option<Value>,
    credentials: Option<CredentialsBody>,
    metadata_public: Option<Value>,
    metadata_admin: Option<Value>,
    /// `active` or `inactive`.
    state: Option<String>,
    external_id: Option<String>,
    region: Option<String>,
}

/// Credentials to import.
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
    #[schema(value_type = Option<Object>)]
    authenticator: Option<Value>,
    #[schema(value_type = Option<Object>)]
    flags: Option<Value>,
    #[schema(value_type = Option<Object>)]
    attestation: Option<Value>,
    transport: Option<Vec<String>>,
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
    provider: String,
    /// The account at the provider.
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
    /// `email` or `sms`.
    via: String,
    verified: bool,
    status: Option<String>,
    verified_at: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(ToSchema)]
#[schema(as = ImportedRecoveryAddress)]
struct RecoveryBody {
    value: String,
    /// `email` or `sms`.
    via: String,
}

/// A JSON Patch (RFC 6902) of the identity.
#[derive(ToSchema)]
#[schema(as = JsonPatchDocument)]
pub(crate) struct JsonPatchBody(Vec<PatchOperation>);

/// One operation of a JSON Patch.
#[derive(ToSchema)]
#[schema(as = JsonPatch)]
struct PatchOperation {
    /// `add`, `remove`, `replace`, `move`, `copy` or `test`.
    op: String,
    /// A JSON Pointer.
    path: String,
    /// A JSON Pointer, for `move` and `copy`.
    from: Option<String>,
    value: Option<Value>,
}

//! The catalogue: everything that can be done, each act a type.

use crate::target::{
    ConnectionTarget, ExternalIdentityTarget, IdentityTarget, NamedTarget, Own, ScimGroupTarget,
    ScimUserTarget, SessionTarget, Target,
};

/// Whether an action only looks, changes something, or governs who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Looks. The Cedar action group `read`.
    Read,
    /// Changes identities, links and what belongs to them. The group `write`.
    Write,
    /// Changes keys, schemas, providers, policies. The group `manage`.
    Manage,
    /// The operator's: tenants and their first keys. The group `operate`.
    Operate,
    /// What an identity does with its own sessions. The group `personal`.
    Personal,
    /// What a provisioning system does through its connection. The group `provision`.
    Provision,
    /// What an identity provider does by its rules. The group `sign_in`.
    SignIn,
}

impl Access {
    /// The Cedar action group.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Manage => "manage",
            Self::Operate => "operate",
            Self::Personal => "personal",
            Self::Provision => "provision",
            Self::SignIn => "sign_in",
        }
    }
}

/// An act that policy decides on. Implemented by the types of this module only.
pub trait Action: sealed::Sealed + std::fmt::Debug + Send + Sync + 'static {
    /// The Cedar action id, `noun:verb`.
    const NAME: &'static str;
    /// Its group.
    const ACCESS: Access;
    /// Its place in [`ALL`].
    const POSITION: usize;
    /// What it is done to.
    type Target: Target;
}

mod sealed {
    /// Keeps the catalogue the only place where actions are declared.
    pub trait Sealed {}
}

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $action:ident = $name:literal, $access:ident, $target:ty;)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug)]
            pub enum $action {}
            impl sealed::Sealed for $action {}
            impl Action for $action {
                const NAME: &'static str = $name;
                const ACCESS: Access = Access::$access;
                const POSITION: usize = Position::$action as usize;
                type Target = $target;
            }
        )+

        /// The actions counted, for [`Action::POSITION`].
        enum Position { $($action,)+ }

        /// Every action: Cedar id and group, in the order of the catalogue.
        pub const ALL: &[(&str, Access)] = &[$(($name, Access::$access),)+];
    };
}

actions! {
    /// Create an identity.
    CreateIdentity = "identity:create", Write, Own;
    /// List identities.
    ListIdentities = "identity:list", Read, Own;
    /// Read one identity.
    ReadIdentity = "identity:read", Read, IdentityTarget;
    /// Replace or patch an identity.
    UpdateIdentity = "identity:update", Write, IdentityTarget;
    /// Delete an identity.
    DeleteIdentity = "identity:delete", Write, IdentityTarget;
    /// Send a batch of creations and deletions; each is decided on by itself as well.
    BatchIdentities = "identity:batch", Write, Own;
    /// See the secret part of an identity's credentials.
    RevealCredentials = "credential:reveal", Read, Own;
    /// Ask whether a password is an identity's.
    VerifyPassword = "credential:verify", Write, IdentityTarget;
    /// Remove a credential of an identity.
    DeleteCredential = "credential:delete", Write, IdentityTarget;
    /// List the external identities of an identity.
    ListExternalIdentities = "external_identity:list", Read, IdentityTarget;
    /// Link an external identity to an identity.
    LinkExternalIdentity = "external_identity:link", Write, IdentityTarget;
    /// Remove a link.
    UnlinkExternalIdentity = "external_identity:unlink", Write, ExternalIdentityTarget;
    /// List the external identities of the tenant, linked or not.
    ListAllExternalIdentities = "external_identity:list_all", Read, Own;
    /// Read an external identity, and what became of it.
    ReadExternalIdentity = "external_identity:read", Read, ExternalIdentityTarget;
    /// Decide on an external identity that is linked to nobody, or take the latest decision back.
    ResolveExternalIdentity = "external_identity:resolve", Write, ExternalIdentityTarget;
    /// Sign in through an identity provider for the first time: the provider itself does it, by its rules.
    SignInThroughProvider = "identity_provider:sign_in", SignIn, NamedTarget;
    /// Issue a session of an identity: whoever holds its token is the identity to all that ask.
    CreateSession = "identity:create_session", Manage, IdentityTarget;
    /// List the sessions of an identity.
    ListIdentitySessions = "identity:list_sessions", Read, IdentityTarget;
    /// Delete the sessions of an identity.
    DeleteIdentitySessions = "identity:delete_sessions", Write, IdentityTarget;
    /// List the sessions of all identities.
    ListSessions = "session:list", Read, Own;
    /// Read a session.
    ReadSession = "session:read", Read, SessionTarget;
    /// End a session.
    DisableSession = "session:disable", Write, SessionTarget;
    /// Let a session last longer.
    ExtendSession = "session:extend", Write, SessionTarget;
    /// End or delete many sessions at once, up to all of the tenant.
    ManageSessions = "session:manage", Manage, Own;
    /// Ask whose session one has.
    ReadOwnSession = "session:whoami", Personal, SessionTarget;
    /// List one's other sessions.
    ListOwnSessions = "session:list_own", Personal, SessionTarget;
    /// End another session of one's own.
    DisableOwnSession = "session:disable_own", Personal, SessionTarget;
    /// End all of one's other sessions.
    DisableOtherSessions = "session:disable_others", Personal, SessionTarget;
    /// List the templates of session tokens.
    ListSessionTokenTemplates = "session_token_template:list", Read, Own;
    /// Read a template of session tokens.
    ReadSessionTokenTemplate = "session_token_template:read", Read, NamedTarget;
    /// Write a template of session tokens: what of an identity goes to whoever trusts them.
    PutSessionTokenTemplate = "session_token_template:put", Manage, NamedTarget;
    /// Delete a template of session tokens.
    DeleteSessionTokenTemplate = "session_token_template:delete", Manage, NamedTarget;
    /// Have session tokens signed with a new key from now on.
    RotateSessionTokenKey = "session_token_key:rotate", Manage, Own;
    /// Create an identity provider.
    CreateIdentityProvider = "identity_provider:create", Manage, Own;
    /// List identity providers.
    ListIdentityProviders = "identity_provider:list", Read, Own;
    /// Read an identity provider.
    ReadIdentityProvider = "identity_provider:read", Read, NamedTarget;
    /// Change an identity provider.
    UpdateIdentityProvider = "identity_provider:update", Manage, NamedTarget;
    /// Delete an identity provider.
    DeleteIdentityProvider = "identity_provider:delete", Manage, NamedTarget;
    /// Create a key of a connection.
    CreateConnectionKey = "connection_key:create", Manage, NamedTarget;
    /// List the keys of a connection.
    ListConnectionKeys = "connection_key:list", Read, NamedTarget;
    /// Revoke a key of a connection.
    RevokeConnectionKey = "connection_key:revoke", Manage, NamedTarget;
    /// Create a user through a connection.
    CreateScimUser = "scim_user:create", Provision, ConnectionTarget;
    /// List the users of a connection.
    ListScimUsers = "scim_user:list", Provision, ConnectionTarget;
    /// Read a user of a connection.
    ReadScimUser = "scim_user:read", Provision, ScimUserTarget;
    /// Replace or patch a user of a connection, deactivate it or activate it.
    UpdateScimUser = "scim_user:update", Provision, ScimUserTarget;
    /// Delete a user of a connection.
    DeleteScimUser = "scim_user:delete", Provision, ScimUserTarget;
    /// Create a group through a connection.
    CreateScimGroup = "scim_group:create", Provision, ConnectionTarget;
    /// List the groups of a connection.
    ListScimGroups = "scim_group:list", Provision, ConnectionTarget;
    /// Read a group of a connection.
    ReadScimGroup = "scim_group:read", Provision, ScimGroupTarget;
    /// Replace or patch a group of a connection, its members among it.
    UpdateScimGroup = "scim_group:update", Provision, ScimGroupTarget;
    /// Delete a group of a connection.
    DeleteScimGroup = "scim_group:delete", Provision, ScimGroupTarget;
    /// Read which schemas and types of resources a connection has.
    ReadScimSchemas = "scim_schema:read", Provision, ConnectionTarget;
    /// Send a bulk request through a connection; each of its operations is decided on by itself as well.
    SendScimBulk = "scim_bulk:send", Provision, ConnectionTarget;
    /// List identity schemas.
    ListIdentitySchemas = "identity_schema:list", Read, Own;
    /// Read an identity schema.
    ReadIdentitySchema = "identity_schema:read", Read, NamedTarget;
    /// Write an identity schema.
    PutIdentitySchema = "identity_schema:put", Manage, NamedTarget;
    /// Create an identity schema.
    CreateIdentitySchema = "identity_schema:create", Manage, Own;
    /// Delete an identity schema.
    DeleteIdentitySchema = "identity_schema:delete", Manage, NamedTarget;
    /// List the tenant's policies.
    ListPolicies = "policy:list", Read, Own;
    /// Read a policy of the tenant.
    ReadPolicy = "policy:read", Read, NamedTarget;
    /// Write a policy of the tenant.
    PutPolicy = "policy:put", Manage, NamedTarget;
    /// Delete a policy of the tenant.
    DeletePolicy = "policy:delete", Manage, NamedTarget;
    /// Check a policy without keeping it.
    ValidatePolicy = "policy:validate", Read, Own;
    /// Create an API key.
    CreateApiKey = "api_key:create", Manage, Own;
    /// List API keys.
    ListApiKeys = "api_key:list", Read, Own;
    /// Read an API key, without its secret.
    ReadApiKey = "api_key:read", Read, NamedTarget;
    /// Revoke an API key.
    RevokeApiKey = "api_key:revoke", Manage, NamedTarget;
    /// Replace an API key by a new one of the same rights.
    RotateApiKey = "api_key:rotate", Manage, NamedTarget;
    /// Read the audit events.
    ListAuditEvents = "audit_event:list", Read, Own;
    /// Ask who one is.
    ReadSelf = "self:read", Read, Own;
    /// Create a tenant.
    CreateTenant = "tenant:create", Operate, Own;
    /// List tenants.
    ListTenants = "tenant:list", Operate, Own;
    /// Read a tenant.
    ReadTenant = "tenant:read", Operate, NamedTarget;
    /// Rename a tenant.
    UpdateTenant = "tenant:update", Operate, NamedTarget;
    /// Suspend a tenant.
    SuspendTenant = "tenant:suspend", Operate, NamedTarget;
    /// Resume a tenant.
    ResumeTenant = "tenant:resume", Operate, NamedTarget;
    /// Mark a tenant for deletion.
    DeleteTenant = "tenant:delete", Operate, NamedTarget;
    /// Create a key of a tenant, or of the operator.
    CreateTenantKey = "tenant:create_key", Operate, NamedTarget;
    /// List the keys of a tenant, or of the operator.
    ListTenantKeys = "tenant:list_keys", Operate, NamedTarget;
    /// Revoke a key of a tenant, or of the operator.
    RevokeTenantKey = "tenant:revoke_key", Operate, NamedTarget;
    /// Replace a key of a tenant, or of the operator, by a new one of the same rights.
    RotateTenantKey = "tenant:rotate_key", Operate, NamedTarget;
}

//! The ways from requests to targets, one a kind of target.

use palisade_authz::{
    ConnectionTarget, ExternalIdentityTarget, IdentityTarget, NamedTarget, Own, ScimGroupTarget,
    ScimUserTarget, SessionTarget, action,
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    ExternalIdentity, GroupId, Identity, IdentityId, LinkId, ProviderId, SessionId, ids::Uuid,
};
use palisade_store::{Account, KnownSession, ScimGroup, ScimUser, ScimUserState, Sealed};
use palisade_tenancy::{KeyId, Principal, TenantId, middleware};

use crate::{
    dialect::Dialect,
    guard::{At, Locate, Located},
    scim,
};

/// The caller's tenant.
pub enum InTenant {}

impl<A: palisade_authz::Action<Target = Own>> Locate<A> for InTenant {
    type Loaded = ();

    async fn locate(_: At<'_>) -> Result<(Own, ())> {
        Ok((Own, ()))
    }
}

/// The identity that the path names as `{id}`.
pub enum IdentityInPath {}

impl<A: palisade_authz::Action<Target = IdentityTarget>> Locate<A> for IdentityInPath {
    type Loaded = Sealed<Identity>;

    async fn locate(at: At<'_>) -> Result<(IdentityTarget, Self::Loaded)> {
        let id = match at.dialect() {
            // An id that is none names nothing: Ory answers 404, and so do we, after the decision.
            Dialect::Ory => {
                IdentityId::parse(&at.path("id")?).unwrap_or(IdentityId::from_uuid(Uuid::nil()))
            }
            Dialect::V1 | Dialect::Scim => at.id("id", IdentityId::parse)?,
        };
        let sealed = at.app.store.load_identity(at.caller.scope(), id).await?;
        Ok((sealed.target(), sealed))
    }
}

/// The identity whose external id the path names as `{externalID}`.
pub(crate) enum ExternalIdInPath {}

impl<A: palisade_authz::Action<Target = IdentityTarget>> Locate<A> for ExternalIdInPath {
    type Loaded = Sealed<Identity>;

    async fn locate(at: At<'_>) -> Result<(IdentityTarget, Self::Loaded)> {
        let external_id = at.path("externalID")?;
        let sealed = at
            .app
            .store
            .load_identity_by_external_id(at.caller.scope(), &external_id)
            .await?;
        Ok((sealed.target(), sealed))
    }
}

/// The link that the path names as `{link_id}`, of the identity that it names as `{id}`.
pub enum LinkInPath {}

impl<A: palisade_authz::Action<Target = ExternalIdentityTarget>> Locate<A> for LinkInPath {
    type Loaded = Sealed<ExternalIdentity>;

    async fn locate(at: At<'_>) -> Result<(ExternalIdentityTarget, Self::Loaded)> {
        let user = at.id("id", IdentityId::parse)?;
        let link = at.id("link_id", LinkId::parse)?;
        let sealed = at
            .app
            .store
            .load_external_identity(at.caller.scope(), user, link)
            .await?;
        Ok((sealed.target(), sealed))
    }
}

/// The external identity that the path names as `{id}`, whoever it is linked to.
pub enum AccountInPath {}

impl<A: palisade_authz::Action<Target = ExternalIdentityTarget>> Locate<A> for AccountInPath {
    type Loaded = Sealed<Account>;

    async fn locate(at: At<'_>) -> Result<(ExternalIdentityTarget, Self::Loaded)> {
        let id = at.id("id", LinkId::parse)?;
        let sealed = at.app.store.load_account(at.caller.scope(), id).await?;
        Ok((sealed.target(), sealed))
    }
}

/// The identity that the path names as `{id}`, whose sessions are meant. There both dialects want a UUID.
pub enum OwnerInPath {}

impl<A: palisade_authz::Action<Target = IdentityTarget>> Locate<A> for OwnerInPath {
    type Loaded = Sealed<Identity>;

    async fn locate(at: At<'_>) -> Result<(IdentityTarget, Self::Loaded)> {
        let id = at.id("id", IdentityId::parse)?;
        let sealed = at.app.store.load_identity(at.caller.scope(), id).await?;
        Ok((sealed.target(), sealed))
    }
}

/// The connection that the caller's key is of.
pub enum InConnection {}

impl<A: palisade_authz::Action<Target = ConnectionTarget>> Locate<A> for InConnection {
    type Loaded = ();

    async fn locate(at: At<'_>) -> Result<(ConnectionTarget, ())> {
        Ok((ConnectionTarget::of(at.caller)?, ()))
    }
}

/// The user of the caller's connection that the path names as `{id}`. What is no id of ours names nobody.
pub enum ScimUserInPath {}

impl<A: palisade_authz::Action<Target = ScimUserTarget>> Locate<A> for ScimUserInPath {
    type Loaded = Sealed<ScimUser>;

    async fn locate(at: At<'_>) -> Result<(ScimUserTarget, Self::Loaded)> {
        let connection = ConnectionTarget::of(at.caller)?;
        let groups = scim::users::wants_groups(at.request.query_string());
        let sealed = at
            .app
            .store
            .load_scim_user(at.caller.scope(), connection, scim_id(at)?, groups)
            .await?;
        Ok((sealed.target(), sealed))
    }
}

/// The same with the identity that it is, for a change.
pub enum ScimUserStateInPath {}

impl<A: palisade_authz::Action<Target = ScimUserTarget>> Locate<A> for ScimUserStateInPath {
    type Loaded = Sealed<ScimUserState>;

    async fn locate(at: At<'_>) -> Result<(ScimUserTarget, Self::Loaded)> {
        let connection = ConnectionTarget::of(at.caller)?;
        let sealed = at
            .app
            .store
            .load_scim_user_state(at.caller.scope(), connection, scim_id(at)?)
            .await?;
        Ok((sealed.target(), sealed))
    }
}

/// The group of the caller's connection that the path names as `{id}`, without its members: there may be many.
pub enum ScimGroupInPath {}

impl<A: palisade_authz::Action<Target = ScimGroupTarget>> Locate<A> for ScimGroupInPath {
    type Loaded = Sealed<ScimGroup>;

    async fn locate(at: At<'_>) -> Result<(ScimGroupTarget, Self::Loaded)> {
        let connection = ConnectionTarget::of(at.caller)?;
        let id = GroupId::from_uuid(scim_id(at)?.as_uuid());
        let sealed = at
            .app
            .store
            .load_scim_group(at.caller.scope(), connection, id)
            .await?;
        Ok((sealed.target(), sealed))
    }
}

/// The same for a change: policies know a group by its id alone, so nothing of it is read before.
pub enum ScimGroupNamed {}

impl<A: palisade_authz::Action<Target = ScimGroupTarget>> Locate<A> for ScimGroupNamed {
    type Loaded = ();

    async fn locate(at: At<'_>) -> Result<(ScimGroupTarget, ())> {
        let connection = ConnectionTarget::of(at.caller)?;
        let id = GroupId::from_uuid(scim_id(at)?.as_uuid());
        Ok((ScimGroupTarget { connection, id }, ()))
    }
}

fn scim_id(at: At<'_>) -> Result<IdentityId> {
    let sent = at.path("id")?;
    // Ids are compared letter by letter.
    let id = IdentityId::parse(&sent).filter(|id| id.to_string() == sent);
    Ok(id.unwrap_or(IdentityId::from_uuid(Uuid::nil())))
}

/// The session that the path names as `{id}`.
pub enum SessionInPath {}

impl<A: palisade_authz::Action<Target = SessionTarget>> Locate<A> for SessionInPath {
    type Loaded = Sealed<KnownSession>;

    async fn locate(at: At<'_>) -> Result<(SessionTarget, Self::Loaded)> {
        let id = at.id("id", SessionId::parse)?;
        let sealed = at.app.store.load_session(at.caller.scope(), id).await?;
        Ok((sealed.target(), sealed))
    }
}

/// The session whose token the request came with.
pub enum PresentedSession {}

impl<A: palisade_authz::Action<Target = SessionTarget>> Locate<A> for PresentedSession {
    type Loaded = Sealed<KnownSession>;

    async fn locate(at: At<'_>) -> Result<(SessionTarget, Self::Loaded)> {
        let sealed = middleware::presented::<Sealed<KnownSession>>(at.request)
            .ok_or_else(|| Error::new(Code::SessionInactive))?;
        Ok((sealed.target(), sealed))
    }
}

/// The session that the path names as `{id}`, looked for among the caller's own only: another's is as one that is not
/// there.
pub enum OwnSessionInPath {}

impl<A: palisade_authz::Action<Target = SessionTarget>> Locate<A> for OwnSessionInPath {
    type Loaded = Sealed<KnownSession>;

    async fn locate(at: At<'_>) -> Result<(SessionTarget, Self::Loaded)> {
        let id = at.id("id", SessionId::parse)?;
        let Principal::Identity { id: caller, .. } = at.caller.principal() else {
            return Err(Error::new(Code::SessionInactive));
        };
        let sealed = at
            .app
            .store
            .load_session_of(at.caller.scope(), *caller, id)
            .await?;
        Ok((sealed.target(), sealed))
    }
}

macro_rules! named {
    ($($(#[$doc:meta])+ $name:ident = |$at:ident| $target:expr;)+) => {$(
        $(#[$doc])+
        pub enum $name {}

        impl<A: palisade_authz::Action<Target = NamedTarget>> Locate<A> for $name {
            type Loaded = ();

            async fn locate($at: At<'_>) -> Result<(NamedTarget, ())> {
                Ok(($target, ()))
            }
        }
    )+};
}

named! {
    /// The identity provider that the path names by its id.
    ProviderInPath = |at| NamedTarget::identity_provider(at.id("id", ProviderId::parse)?);
    /// The identity schema that the path names.
    SchemaInPath = |at| NamedTarget::identity_schema(at.path("id")?);
    /// The policy that the path names.
    PolicyInPath = |at| NamedTarget::policy(at.path("name")?);
    /// The template of session tokens that the path names.
    TemplateInPath = |at| NamedTarget::session_token_template(at.path("name")?);
    /// The API key that the path names by its id.
    KeyInPath = |at| NamedTarget::api_key(at.id("id", KeyId::parse)?);
    /// The tenant that the path names by its id.
    TenantInPath = |at| NamedTarget::tenant(at.id("id", TenantId::parse)?);
}

macro_rules! usually {
    ($($locate:ident: $($action:ident),+;)+) => {$($(
        impl Located for action::$action {
            type By = $locate;
        }
    )+)+};
}

usually! {
    InTenant: CreateIdentity, BatchIdentities, ListIdentities, CreateIdentitySchema, RevealCredentials, CreateIdentityProvider, ListIdentityProviders,
        ListAllExternalIdentities, ListIdentitySchemas, ListPolicies, ValidatePolicy, CreateApiKey, ListApiKeys, ListAuditEvents, ReadSelf,
        CreateTenant, ListTenants, ListSessions, ManageSessions, ListSessionTokenTemplates, RotateSessionTokenKey;
    OwnerInPath: CreateSession, ListIdentitySessions, DeleteIdentitySessions;
    SessionInPath: ReadSession, DisableSession, ExtendSession;
    PresentedSession: ReadOwnSession, ListOwnSessions, DisableOtherSessions;
    OwnSessionInPath: DisableOwnSession;
    IdentityInPath: ReadIdentity, UpdateIdentity, DeleteIdentity, ListExternalIdentities, LinkExternalIdentity,
        VerifyPassword, DeleteCredential;
    LinkInPath: UnlinkExternalIdentity;
    AccountInPath: ReadExternalIdentity, ResolveExternalIdentity;
    ProviderInPath: ReadIdentityProvider, UpdateIdentityProvider, DeleteIdentityProvider, CreateConnectionKey,
        ListConnectionKeys, RevokeConnectionKey;
    InConnection: CreateScimUser, ListScimUsers, ReadScimSchemas, CreateScimGroup, ListScimGroups,
        SendScimBulk;
    ScimGroupInPath: ReadScimGroup;
    ScimGroupNamed: UpdateScimGroup, DeleteScimGroup;
    ScimUserInPath: ReadScimUser, DeleteScimUser;
    ScimUserStateInPath: UpdateScimUser;
    SchemaInPath: ReadIdentitySchema, PutIdentitySchema, DeleteIdentitySchema;
    PolicyInPath: ReadPolicy, PutPolicy, DeletePolicy;
    TemplateInPath: ReadSessionTokenTemplate, PutSessionTokenTemplate, DeleteSessionTokenTemplate;
    KeyInPath: ReadApiKey, RevokeApiKey, RotateApiKey;
    TenantInPath: ReadTenant, UpdateTenant, SuspendTenant, ResumeTenant, DeleteTenant, CreateTenantKey;
}

//! What an action is done to, as Cedar sees it.

use std::borrow::Cow;

use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    GroupId, Identity, IdentityId, LinkId, LinkedBy, ProviderId, SessionId, State, ids::Uuid,
    session::Aal,
};
use palisade_tenancy::{Caller, Principal};

/// The value of a Cedar attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A Cedar `String`.
    String(Cow<'static, str>),
    /// A Cedar `Bool`.
    Bool(bool),
    /// A Cedar entity of the type `Identity`.
    Identity(IdentityId),
}

/// A target as a Cedar entity: type (without namespace), id and attributes. The gate adds `tenant`, from the
/// caller's scope, so that no target can name another.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// The entity type without its namespace, such as `Identity`.
    pub kind: &'static str,
    /// The entity id.
    pub id: Cow<'static, str>,
    /// The attributes besides `tenant`, as `palisade.cedarschema` declares them.
    pub attributes: Vec<(&'static str, Attribute)>,
}

/// Something that actions are done to.
pub trait Target: std::fmt::Debug + Send + Sync + 'static {
    /// As Cedar sees it; `tenant` is the caller's tenant as text.
    fn resource(&self, tenant: &str) -> Resource;
}

/// The caller's own tenant: what is created in it, listed of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own;

impl Target for Own {
    fn resource(&self, tenant: &str) -> Resource {
        Resource {
            kind: "Tenant",
            id: tenant.to_owned().into(),
            attributes: Vec::new(),
        }
    }
}

/// One identity, with the attributes that policies can ask for.
///
/// For an id that names nothing the store gives [`IdentityTarget::absent`], so that the decision comes before the
/// 404 and a caller without permission learns nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityTarget {
    /// The identity.
    pub id: IdentityId,
    /// Its schema; empty where absent.
    pub schema_id: String,
    /// Its state; active where absent.
    pub state: State,
}

impl IdentityTarget {
    /// This identity, as it is or is to be.
    pub fn of(identity: &Identity) -> Self {
        Self {
            id: identity.id,
            schema_id: identity.schema_id.clone(),
            state: identity.state,
        }
    }

    /// An id that names nothing in the tenant.
    pub const fn absent(id: IdentityId) -> Self {
        Self {
            id,
            schema_id: String::new(),
            state: State::Active,
        }
    }
}

impl Target for IdentityTarget {
    fn resource(&self, _tenant: &str) -> Resource {
        Resource {
            kind: "Identity",
            id: self.id.to_string().into(),
            attributes: vec![
                (
                    "schema_id",
                    Attribute::String(self.schema_id.clone().into()),
                ),
                ("state", Attribute::String(self.state.as_str().into())),
            ],
        }
    }
}

/// One external identity.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalIdentityTarget {
    /// The identity that the path names; the link must be this one's.
    pub user: IdentityId,
    /// The link.
    pub id: LinkId,
    /// How the link came to be; manual where absent.
    pub linked_by: LinkedBy,
}

impl Target for ExternalIdentityTarget {
    fn resource(&self, _tenant: &str) -> Resource {
        Resource {
            kind: "ExternalIdentity",
            id: self.id.to_string().into(),
            attributes: vec![(
                "linked_by",
                Attribute::String(self.linked_by.as_str().into()),
            )],
        }
    }
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTarget {
    /// The session.
    pub id: SessionId,
    /// Whose it is; the nil UUID where absent.
    pub identity: IdentityId,
    /// How surely it is that identity; the lowest level where absent.
    pub aal: Aal,
}

impl SessionTarget {
    /// An id that names nothing in the tenant.
    pub const fn absent(id: SessionId) -> Self {
        Self::absent_of(id, IdentityId::from_uuid(Uuid::nil()))
    }

    /// An id that names none of this identity's sessions, where only those are looked among.
    pub const fn absent_of(id: SessionId, identity: IdentityId) -> Self {
        Self {
            id,
            identity,
            aal: Aal::Aal0,
        }
    }
}

impl Target for SessionTarget {
    fn resource(&self, _tenant: &str) -> Resource {
        Resource {
            kind: "Session",
            id: self.id.to_string().into(),
            attributes: vec![
                ("identity", Attribute::Identity(self.identity)),
                ("aal", Attribute::String(self.aal.as_str().into())),
            ],
        }
    }
}

/// The connection that a provisioning system's key is of: what is created through it, listed of it. There is no way to name
/// another one than the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionTarget(ProviderId);

impl ConnectionTarget {
    /// The caller's own connection.
    ///
    /// # Errors
    /// `unauthenticated` where the caller is no provisioning system.
    pub fn of(caller: &Caller) -> Result<Self> {
        match caller.principal() {
            Principal::ScimClient { connection, .. } => Ok(Self(*connection)),
            _ => Err(Error::new(Code::Unauthenticated)),
        }
    }

    /// The identity provider that it is.
    pub const fn id(self) -> ProviderId {
        self.0
    }
}

impl Target for ConnectionTarget {
    fn resource(&self, _tenant: &str) -> Resource {
        Resource {
            kind: "IdentityProvider",
            id: self.0.to_string().into(),
            attributes: Vec::new(),
        }
    }
}

/// A user of a connection: an identity that it provisions. To policies it is that identity.
#[derive(Clone, Debug, PartialEq)]
pub struct ScimUserTarget {
    /// The connection that it is looked for in.
    pub connection: ConnectionTarget,
    /// The identity.
    pub identity: IdentityTarget,
}

impl Target for ScimUserTarget {
    fn resource(&self, tenant: &str) -> Resource {
        self.identity.resource(tenant)
    }
}

/// A group of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScimGroupTarget {
    /// The connection that it is looked for in.
    pub connection: ConnectionTarget,
    /// The group.
    pub id: GroupId,
}

impl Target for ScimGroupTarget {
    fn resource(&self, _tenant: &str) -> Resource {
        Resource {
            kind: "Group",
            id: self.id.to_string().into(),
            attributes: Vec::new(),
        }
    }
}

/// Something that policies know by its type and id alone: a provider, schema, policy, template, key or tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTarget {
    kind: &'static str,
    id: String,
}

impl NamedTarget {
    /// An `IdentityProvider` by its id.
    pub fn identity_provider(id: ProviderId) -> Self {
        Self {
            kind: "IdentityProvider",
            id: id.to_string(),
        }
    }

    /// An `IdentitySchema` by its id.
    pub fn identity_schema(id: impl Into<String>) -> Self {
        Self {
            kind: "IdentitySchema",
            id: id.into(),
        }
    }

    /// A `Policy` by its name.
    pub fn policy(name: impl Into<String>) -> Self {
        Self {
            kind: "Policy",
            id: name.into(),
        }
    }

    /// A `SessionTokenTemplate` by its name.
    pub fn session_token_template(name: impl Into<String>) -> Self {
        Self {
            kind: "SessionTokenTemplate",
            id: name.into(),
        }
    }

    /// An `ApiKey` by its id.
    pub fn api_key(id: palisade_tenancy::KeyId) -> Self {
        Self {
            kind: "ApiKey",
            id: id.to_string(),
        }
    }

    /// A `Tenant` by its id, for the operator.
    pub fn tenant(id: palisade_tenancy::TenantId) -> Self {
        Self {
            kind: "Tenant",
            id: id.to_string(),
        }
    }

    /// The id or name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The Cedar entity type without namespace.
    pub const fn kind(&self) -> &'static str {
        self.kind
    }
}

impl Target for NamedTarget {
    fn resource(&self, _tenant: &str) -> Resource {
        Resource {
            kind: self.kind,
            id: self.id.clone().into(),
            attributes: Vec::new(),
        }
    }
}

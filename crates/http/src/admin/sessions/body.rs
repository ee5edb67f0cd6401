//! A session as Ory's clients read it.

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use palisade_authz::{IdentityTarget, action::ReadIdentity};
use palisade_envelope::Result;
use palisade_identity::{
    Timestamp,
    session::{AuthenticationMethod, Device},
};
use palisade_store::KnownSession;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{admin::identities::IdentityBody, guard::decide};

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody<'a> {
    id: Uuid,
    /// Whether it counts: not ended, not expired, its identity active.
    active: bool,
    /// From then on it does not count.
    expires_at: DateTime<Utc>,
    /// When the identity last proved who it is.
    authenticated_at: DateTime<Utc>,
    /// `aal0` to `aal3`.
    #[schema(value_type = crate::words::AalWord)]
    authenticator_assurance_level: &'static str,
    /// How the identity proved who it is.
    #[schema(value_type = Vec<MethodBody>)]
    authentication_methods: &'a [AuthenticationMethod],
    /// When it was issued.
    issued_at: DateTime<Utc>,
    /// Whose it is; `null` where it was not asked for.
    #[schema(required = true, value_type = Option<IdentityBody<'a>>)]
    identity: Option<IdentityBody<'a>>,
    /// The devices that it was issued to; `null` where they were not asked for.
    #[schema(required = true, value_type = Option<Vec<DeviceBody>>)]
    devices: Option<&'a [Device]>,
    /// The session as a signed token, where `tokenize_as` asked for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokenized: Option<String>,
}

/// One proof of who the identity is.
#[derive(ToSchema)]
#[schema(as = SessionAuthenticationMethod)]
#[expect(
    dead_code,
    reason = "describes `palisade_identity::session::AuthenticationMethod` in the document"
)]
pub(crate) struct MethodBody {
    method: crate::words::MethodWord,
    aal: crate::words::AalWord,
    completed_at: DateTime<Utc>,
    /// The identity provider, for `oidc` and `saml`.
    provider: Option<String>,
    /// Ory's organization.
    organization: Option<Uuid>,
}

/// A device that a session was issued to.
#[derive(ToSchema)]
#[schema(as = SessionDevice)]
#[expect(
    dead_code,
    reason = "describes `palisade_identity::session::Device` in the document"
)]
pub(crate) struct DeviceBody {
    id: Uuid,
    ip_address: Option<String>,
    user_agent: Option<String>,
    location: Option<String>,
}

impl<'a> SessionBody<'a> {
    /// The session alone.
    pub(crate) fn new(known: &'a KnownSession, now: Timestamp) -> Self {
        let session = &known.session;
        Self {
            id: session.id.as_uuid(),
            active: known.is_active(now),
            expires_at: session.expires_at,
            authenticated_at: session.authenticated_at,
            authenticator_assurance_level: session.aal.as_str(),
            authentication_methods: &session.authentication_methods,
            issued_at: session.issued_at,
            identity: None,
            devices: None,
            tokenized: None,
        }
    }

    /// The same with its identity, where it was read, as admins see it.
    #[must_use]
    pub(crate) fn with_identity(self, known: &'a KnownSession, base_url: &str) -> Self {
        let identity = known.identity.as_ref();
        Self {
            identity: identity.map(|identity| IdentityBody::new(identity, base_url)),
            ..self
        }
    }

    /// The same with its devices.
    #[must_use]
    pub(crate) fn with_devices(self, known: &'a KnownSession) -> Self {
        Self {
            devices: Some(&known.session.devices),
            ..self
        }
    }

    /// The same with a token that says so.
    #[must_use]
    pub(crate) fn with_token(self, token: String) -> Self {
        Self {
            tokenized: Some(token),
            ..self
        }
    }

    /// The same with all that its own identity may see.
    #[must_use]
    pub(crate) fn for_itself(self, known: &'a KnownSession, base_url: &str) -> Self {
        let all = self.with_identity(known, base_url).with_devices(known);
        Self {
            identity: all.identity.map(IdentityBody::for_itself),
            ..all
        }
    }
}

/// Asks whether the caller may read the session's identity, which is more than the session.
///
/// # Errors
/// `forbidden`.
pub(super) async fn may_show_identity(request: &HttpRequest, known: &KnownSession) -> Result<()> {
    if let Some(identity) = &known.identity {
        decide::<ReadIdentity>(request, IdentityTarget::of(identity)).await?;
    }
    Ok(())
}

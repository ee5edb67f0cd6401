//! A session as callers of `/v1` read it.

use chrono::{DateTime, Utc};
use palisade_identity::{
    Session, Timestamp,
    session::{AuthenticationMethod, Device},
};
use palisade_store::KnownSession;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::admin::sessions::{DeviceBody, MethodBody};

/// A session of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = UserSession)]
pub(super) struct UserSessionBody {
    id: Uuid,
    /// Whose it is.
    user_id: Uuid,
    /// Whether it counts: not ended, not expired, its user active.
    active: bool,
    /// When it was issued.
    issued_at: DateTime<Utc>,
    /// When the user last proved who it is.
    authenticated_at: DateTime<Utc>,
    /// From then on it does not count.
    expires_at: DateTime<Utc>,
    /// `aal0` to `aal3`.
    #[schema(value_type = crate::words::AalWord)]
    authenticator_assurance_level: &'static str,
    /// How the user proved who it is.
    #[schema(value_type = Vec<MethodBody>)]
    authentication_methods: Vec<AuthenticationMethod>,
    /// The devices that it was issued to.
    #[schema(value_type = Vec<DeviceBody>)]
    devices: Vec<Device>,
}

/// A new session. `token` is in this answer only.
#[derive(Serialize, ToSchema)]
#[schema(as = NewUserSession)]
pub(super) struct IssuedBody {
    #[serde(flatten)]
    pub(super) session: UserSessionBody,
    /// The whole token, `pst_...`: whoever holds it is the user to all that ask `/sessions/whoami`.
    pub(super) token: String,
}

impl UserSessionBody {
    pub(super) fn new(known: KnownSession, now: Timestamp) -> Self {
        let active = known.is_active(now);
        let Session {
            id,
            identity_id,
            enabled: _,
            issued_at,
            authenticated_at,
            expires_at,
            aal,
            authentication_methods,
            devices,
        } = known.session;
        Self {
            id: id.as_uuid(),
            user_id: identity_id.as_uuid(),
            active,
            issued_at,
            authenticated_at,
            expires_at,
            authenticator_assurance_level: aal.as_str(),
            authentication_methods,
            devices,
        }
    }
}

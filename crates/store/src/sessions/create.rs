//! Issues a session. Its token is in the answer and nowhere else.

use std::time::Duration;

use palisade_authz::{Authorized, action::CreateSession};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    Session, State, Timestamp,
    ids::DeviceId,
    session::{Aal, AuthenticationMethod, Device},
};
use palisade_tenancy::{SessionToken, TenantId};

use super::{KnownSession, purge};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    job::Job,
    row::{self, Columns},
    sql::TenantSql,
    tx::TenantTx,
};

const STATE_OF_IDENTITY: TenantSql =
    TenantSql::new("SELECT state FROM identities WHERE tenant_id = $1 AND id = $2");

/// What is asked for when a session is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// From then on it does not count.
    pub expires_at: Timestamp,
    /// When the identity last proved who it is.
    pub authenticated_at: Timestamp,
    /// How surely it is the identity.
    pub aal: Aal,
    /// How the identity proved who it is.
    pub authentication_methods: Vec<AuthenticationMethod>,
    /// The device that it is for.
    pub device: Option<NewDevice>,
    /// How long expired sessions are kept: some that expired longer ago go with this one's coming.
    pub retention: Duration,
}

/// The device that a session is issued to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewDevice {
    /// Its address.
    pub ip_address: Option<String>,
    /// Its browser or app.
    pub user_agent: Option<String>,
    /// Where it is, for people.
    pub location: Option<String>,
}

impl Store {
    /// Issues a session of the identity that is the grant's target, and its token.
    ///
    /// # Errors
    /// `not_found` where the identity is not there; `identity_inactive` where it is inactive.
    #[tracing::instrument(name = "store.session.create", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn create_session(
        &self,
        grant: Authorized<CreateSession>,
        new: NewSession,
    ) -> Result<(KnownSession, SessionToken)> {
        let now = self.inner.clock.now();
        let NewSession {
            expires_at,
            authenticated_at,
            aal,
            authentication_methods,
            device,
            retention,
        } = new;
        let token = SessionToken::generate(grant.tenant(), now)?;
        let devices = device.into_iter().map(|device| Device {
            id: DeviceId::generate(now),
            ip_address: device.ip_address,
            user_agent: device.user_agent,
            location: device.location,
        });
        let session = Session {
            id: token.id(),
            identity_id: grant.target().id,
            enabled: true,
            issued_at: now,
            authenticated_at,
            expires_at,
            aal,
            authentication_methods,
            devices: devices.collect(),
        };
        let job = Issue {
            act: Act::of(&grant)
                .on("Session", session.id)
                .detail("identity_id", session.identity_id.to_string()),
            sha256: token.secret_sha256(),
            purge: self
                .inner
                .purges
                .due(grant.tenant(), now)
                .then(|| purge::before(now, retention)),
            session,
        };
        Ok((self.write(job).await?, token))
    }
}

struct Issue {
    act: Act,
    session: Session,
    sha256: [u8; 32],
    purge: Option<Timestamp>,
}

impl Job for Issue {
    type Output = KnownSession;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<KnownSession, Fault> {
        let Session {
            id,
            identity_id,
            enabled,
            issued_at,
            authenticated_at,
            expires_at,
            aal,
            authentication_methods,
            devices,
        } = &self.session;
        // Kept as it is until this session is there, so that whoever deactivates it meanwhile ends this one, too.
        let state = tx
            .one_kept(STATE_OF_IDENTITY, [identity_id.as_uuid().into()])
            .await?
            .ok_or_else(|| Error::new(Code::NotFound))?;
        let state = Columns::of(&state).word(State::parse)?;
        if state != State::Active {
            return Err(Error::new(Code::IdentityInactive).into());
        }
        let values = vec![
            id.as_uuid().into(),
            identity_id.as_uuid().into(),
            self.sha256.to_vec().into(),
            i16::from(*enabled).into(),
            row::at(*issued_at),
            row::at(*authenticated_at),
            row::at(*expires_at),
            aal.as_str().into(),
            row::json(authentication_methods)?,
            row::json(devices)?,
        ];
        let columns = [
            "id",
            "identity_id",
            "token_sha256",
            "enabled",
            "issued_at",
            "authenticated_at",
            "expires_at",
            "aal",
            "authentication_methods",
            "devices",
        ];
        tx.insert("sessions", &columns, [values]).await?;
        record(tx, [&self.act]).await?;
        if let Some(before) = self.purge {
            purge::purge(tx, before).await?;
        }
        Ok(KnownSession {
            session: self.session.clone(),
            identity_state: state,
            identity: None,
        })
    }
}

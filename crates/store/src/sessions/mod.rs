//! Sessions: one row each, with devices and methods in it. Nothing of them is cached, so that an end counts at once.

mod create;
mod delete;
mod disable;
mod extend;
mod list;
mod load;
mod manage;
mod own;
mod purge;

use palisade_authz::SessionTarget;
use palisade_identity::{
    Identity, IdentityId, Session, SessionId, State, Timestamp,
    session::{Aal, AuthenticationMethod},
};

use crate::{fault::Fault, identities, row::Columns, sql::TenantSql, tx::TenantTx};

pub use create::{NewDevice, NewSession};
pub use list::{Position, SessionFilter, SessionPage};
pub use manage::{Bulk, Reach};
pub(crate) use purge::Purges;

/// A session with what is known of whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownSession {
    /// The session.
    pub session: Session,
    /// The state of its identity.
    pub identity_state: State,
    /// Its identity, where it was asked for.
    pub identity: Option<Identity>,
}

impl KnownSession {
    /// Whether it counts at `now`.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.session.is_active(self.identity_state, now)
    }

    pub(crate) fn target(&self) -> SessionTarget {
        SessionTarget {
            id: self.session.id,
            identity: self.session.identity_id,
            aal: self.session.aal,
        }
    }
}

/// The columns that [`read`] reads, in its order: of the session `t` and the identity `i`.
macro_rules! columns {
    () => {
        "t.id, t.identity_id, t.enabled, t.issued_at, t.authenticated_at, t.expires_at, t.aal, \
         t.authentication_methods, t.devices, i.state"
    };
}
/// The same and the whole identity.
macro_rules! columns_with_identity {
    () => {
        concat!(
            crate::sessions::columns!(),
            ", ",
            crate::identities::columns!("i.")
        )
    };
}
pub(crate) use {columns, columns_with_identity};

/// Where whose session it is stands.
const JOIN: &str = "JOIN identities i ON i.tenant_id = t.tenant_id AND i.id = t.identity_id";

/// The session that the next columns of a row are, with its identity where those follow.
fn read(columns: &mut Columns<'_>, with_identity: bool) -> Result<KnownSession, Fault> {
    let session = Session {
        id: SessionId::from_uuid(columns.get()?),
        identity_id: IdentityId::from_uuid(columns.get()?),
        enabled: columns.get::<i16>()? == 1,
        issued_at: columns.time()?,
        authenticated_at: columns.time()?,
        expires_at: columns.time()?,
        aal: columns.word(Aal::parse)?,
        authentication_methods: columns.json::<Vec<AuthenticationMethod>>()?,
        devices: columns.json()?,
    };
    let identity_state = columns.word(State::parse)?;
    let identity = with_identity
        .then(|| identities::read(columns))
        .transpose()?;
    Ok(KnownSession {
        session,
        identity_state,
        identity,
    })
}

const END_OF_IDENTITY: TenantSql = TenantSql::new(
    "UPDATE sessions SET enabled = 0 WHERE tenant_id = $1 AND identity_id = $2 AND enabled = 1",
);

/// Ends every session of an identity, for good: one that is activated again starts without any.
///
/// After the identity's row was written: a session that is being issued keeps that row until it is there.
pub(crate) async fn end_of(tx: &TenantTx<'_>, identity: IdentityId) -> Result<u64, Fault> {
    tx.execute(END_OF_IDENTITY, [identity.as_uuid().into()])
        .await
}

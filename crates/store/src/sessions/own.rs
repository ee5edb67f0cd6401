//! What an identity does with its other sessions.

use palisade_authz::{
    Authorized,
    action::{DisableOtherSessions, DisableOwnSession, ListOwnSessions},
};
use palisade_envelope::Result;
use palisade_identity::{IdentityId, SessionId};
use palisade_tenancy::TenantId;

use super::{
    SessionFilter, SessionPage,
    disable::Disable,
    list::{Of, Position},
};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx,
};

const DISABLE_OTHERS: TenantSql = TenantSql::new(
    "UPDATE sessions SET enabled = 0
     WHERE tenant_id = $1 AND identity_id = $2 AND id <> $3 AND enabled = 1",
);

impl Store {
    /// A page of the active sessions, with their identity, of whoever's session is the grant's target, but for that
    /// one.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.list", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn list_own_sessions(
        &self,
        grant: &Authorized<ListOwnSessions>,
        position: &Position,
    ) -> Result<SessionPage> {
        let this = grant.target();
        let filter = SessionFilter {
            active: Some(true),
            with_identity: true,
        };
        let of = Of::Others(this.identity, this.id);
        self.sessions_of(grant.tenant(), of, filter, position).await
    }

    /// Ends the session that is the grant's target; `false` where it is not there, or not of the identity that the
    /// target names.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.disable", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn disable_own_session(&self, grant: Authorized<DisableOwnSession>) -> Result<bool> {
        let target = grant.target();
        self.write(Disable {
            id: target.id,
            of: Some(target.identity),
            act: Act::of(&grant).detail("identity_id", target.identity.to_string()),
        })
        .await
    }

    /// Ends the sessions of whoever's session is the grant's target, but for that one; how many.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.disable", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn disable_other_sessions(
        &self,
        grant: Authorized<DisableOtherSessions>,
    ) -> Result<u64> {
        let this = grant.target();
        self.write(DisableOthers {
            identity: this.identity,
            but: this.id,
            act: Act::of(&grant).on("Identity", this.identity),
        })
        .await
    }
}

struct DisableOthers {
    act: Act,
    identity: IdentityId,
    but: SessionId,
}

impl Job for DisableOthers {
    type Output = u64;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<u64, Fault> {
        let values = [self.identity.as_uuid().into(), self.but.as_uuid().into()];
        let ended = tx.execute(DISABLE_OTHERS, values).await?;
        if ended > 0 {
            record(tx, [&self.act]).await?;
        }
        Ok(ended)
    }
}

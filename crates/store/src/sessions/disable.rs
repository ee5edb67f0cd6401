//! Ends a session: its row stays and does not count from now on.

use palisade_authz::{Action, Authorized, SessionTarget, action::DisableSession};
use palisade_envelope::Result;
use palisade_identity::SessionId;
use palisade_tenancy::TenantId;

use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx,
};

const DISABLE: TenantSql = TenantSql::new(
    "UPDATE sessions SET enabled = 0 WHERE tenant_id = $1 AND id = $2 AND enabled = 1",
);
const IS_THERE: TenantSql =
    TenantSql::new("SELECT 1 FROM sessions WHERE tenant_id = $1 AND id = $2");

impl Store {
    /// Ends the session that is the grant's target; `false` where it is not there. To end it once more changes nothing.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.disable", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn disable_session(&self, grant: Authorized<DisableSession>) -> Result<bool> {
        self.disable(&grant).await
    }

    pub(super) async fn disable<A: Action<Target = SessionTarget>>(
        &self,
        grant: &Authorized<A>,
    ) -> Result<bool> {
        self.write(Disable {
            id: grant.target().id,
            act: Act::of(grant),
        })
        .await
    }
}

struct Disable {
    act: Act,
    id: SessionId,
}

impl Job for Disable {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let id = self.id.as_uuid();
        if tx.execute(DISABLE, [id.into()]).await? > 0 {
            record(tx, [&self.act]).await?;
            return Ok(true);
        }
        Ok(tx.one(IS_THERE, [id.into()]).await?.is_some())
    }
}

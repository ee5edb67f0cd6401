//! Ends a session: its row stays and does not count from now on.

use palisade_authz::{Authorized, action::DisableSession};
use palisade_envelope::Result;
use palisade_identity::{IdentityId, SessionId};
use palisade_tenancy::TenantId;

use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx,
};

const DISABLE: TenantSql = TenantSql::new(
    "UPDATE sessions SET enabled = 0 WHERE tenant_id = $1 AND id = $2 AND enabled = 1",
);
const IS_THERE: TenantSql =
    TenantSql::new("SELECT 1 FROM sessions WHERE tenant_id = $1 AND id = $2");
const DISABLE_OF: TenantSql = TenantSql::new(
    "UPDATE sessions SET enabled = 0
     WHERE tenant_id = $1 AND id = $2 AND identity_id = $3 AND enabled = 1",
);
const IS_THERE_OF: TenantSql =
    TenantSql::new("SELECT 1 FROM sessions WHERE tenant_id = $1 AND id = $2 AND identity_id = $3");

impl Store {
    /// Ends the session that is the grant's target; `false` where it is not there. To end it once more changes nothing.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.disable", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn disable_session(&self, grant: Authorized<DisableSession>) -> Result<bool> {
        let target = grant.target();
        self.write(Disable {
            id: target.id,
            of: None,
            act: Act::of(&grant).detail("identity_id", target.identity.to_string()),
        })
        .await
    }
}

/// Ends a session.
pub(super) struct Disable {
    pub(super) act: Act,
    pub(super) id: SessionId,
    /// Only where it is this identity's.
    pub(super) of: Option<IdentityId>,
}

impl Job for Disable {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let (disable, is_there) = match self.of {
            None => (DISABLE, IS_THERE),
            Some(_) => (DISABLE_OF, IS_THERE_OF),
        };
        let values = || {
            let of = self.of.map(|identity| identity.as_uuid().into());
            [self.id.as_uuid().into()].into_iter().chain(of)
        };
        if tx.execute(disable, values()).await? > 0 {
            record(tx, [&self.act]).await?;
            return Ok(true);
        }
        Ok(tx.one(is_there, values()).await?.is_some())
    }
}

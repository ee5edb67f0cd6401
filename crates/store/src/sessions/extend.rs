//! Lets a session last longer.

use palisade_authz::{Authorized, action::ExtendSession};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{SessionId, Timestamp};
use palisade_tenancy::TenantId;

use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row, sql::TenantSql,
    tx::TenantTx,
};

// One that no longer counts is not brought back; one that lasts longer already stays as it is.
const EXTEND: TenantSql = TenantSql::new(
    "UPDATE sessions SET expires_at = CASE WHEN expires_at < $3 THEN $3 ELSE expires_at END
     WHERE tenant_id = $1 AND id = $2 AND enabled = 1 AND expires_at > $4",
);

impl Store {
    /// Lets the session that is the grant's target count until `until` at least.
    ///
    /// # Errors
    /// `not_found` where it does not count any more, or is not there.
    #[tracing::instrument(name = "store.session.extend", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn extend_session(
        &self,
        grant: Authorized<ExtendSession>,
        until: Timestamp,
    ) -> Result<()> {
        let target = grant.target();
        self.write(Extend {
            id: target.id,
            act: Act::of(&grant).detail("identity_id", target.identity.to_string()),
            until,
        })
        .await
    }
}

struct Extend {
    act: Act,
    id: SessionId,
    until: Timestamp,
}

impl Job for Extend {
    type Output = ();

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        let values = [
            self.id.as_uuid().into(),
            row::at(self.until),
            row::at(tx.now()),
        ];
        if tx.execute(EXTEND, values).await? == 0 {
            return Err(Error::new(Code::NotFound).into());
        }
        record(tx, [&self.act]).await
    }
}

//! Deletes an identity, with everything that belongs to it.

use std::collections::BTreeSet;

use palisade_authz::{Authorized, action};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::IdentityId;
use palisade_tenancy::TenantId;

use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, links::part::before_deletion,
    row::Columns, sql::TenantSql, tx::TenantTx,
};

// The rows that belong to it go by their foreign keys.
const DELETE: TenantSql = TenantSql::new("DELETE FROM identities WHERE tenant_id = $1 AND id = $2");
// Changes nothing, but nobody links anything to it until it is gone.
const LOCK: TenantSql = TenantSql::new(
    "UPDATE identities SET revision = revision WHERE tenant_id = $1 AND id = $2 RETURNING revision",
);

impl Store {
    /// Deletes the identity that is the grant's target, its identifiers, addresses, secrets and links; `false` where
    /// it is not there. `if_revision`: only at that revision. Its accounts at providers wait for a person.
    ///
    /// # Errors
    /// `stale_resource`.
    #[tracing::instrument(name = "store.identity.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_identity(
        &self,
        grant: Authorized<action::DeleteIdentity>,
        if_revision: Option<i64>,
    ) -> Result<bool> {
        let id = grant.target().id;
        self.write(Delete {
            act: Act::of(&grant),
            id,
            if_revision,
        })
        .await
    }
}

struct Delete {
    act: Act,
    id: IdentityId,
    if_revision: Option<i64>,
}

impl Job for Delete {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let id = self.id.as_uuid();
        let Some(row) = tx.one(LOCK, [id.into()]).await? else {
            return Ok(false);
        };
        let revision: i64 = Columns::of(&row).get()?;
        if self.if_revision.is_some_and(|wanted| wanted != revision) {
            return Err(Error::new(Code::StaleResource).into());
        }
        before_deletion(tx, &self.act, &BTreeSet::from([self.id])).await?;
        tx.execute(DELETE, [id.into()]).await?;
        record(tx, [&self.act]).await?;
        Ok(true)
    }
}

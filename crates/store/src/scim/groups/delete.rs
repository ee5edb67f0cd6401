//! Deletes a group.

use palisade_authz::{Authorized, ConnectionTarget, action::DeleteScimGroup};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::GroupId;
use palisade_scim::version::Versions;
use palisade_tenancy::TenantId;

use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    job::Job,
    row::{self, Columns},
    scim::sql::{Connection, ConnectionSql},
    tx::TenantTx,
};

const LOCK: ConnectionSql = ConnectionSql::new(
    "UPDATE scim_groups SET revision = revision WHERE tenant_id = $1 AND provider_id = $2 AND id = $3",
);
const REVISION: ConnectionSql = ConnectionSql::new(
    "SELECT revision FROM scim_groups WHERE tenant_id = $1 AND provider_id = $2 AND id = $3",
);
// Its members' rows go by their foreign keys.
const DELETE: ConnectionSql = ConnectionSql::new(
    "DELETE FROM scim_groups WHERE tenant_id = $1 AND provider_id = $2 AND id = $3",
);

// In the order in which everybody takes them, and until the end of the transaction.
const PARENTS: ConnectionSql = ConnectionSql::new(
    "SELECT g.id FROM scim_groups g WHERE g.tenant_id = $1 AND g.provider_id = $2 AND g.id IN (
        SELECT n.group_id FROM scim_group_groups n WHERE n.tenant_id = $1 AND n.provider_id = $2 AND n.child_id = $3)
     ORDER BY g.id",
);
// The groups that it is in are others without it.
const LEAVE: ConnectionSql = ConnectionSql::new(
    "UPDATE scim_groups SET members = members - 1, revision = revision + 1, updated_at = $4
     WHERE tenant_id = $1 AND provider_id = $2 AND id IN (
        SELECT n.group_id FROM scim_group_groups n WHERE n.tenant_id = $1 AND n.provider_id = $2 AND n.child_id = $3)",
);

impl Store {
    /// Deletes the group that is the grant's target; `false` where it is not there. `expected`: only at one of these versions.
    ///
    /// # Errors
    /// `stale_resource`.
    #[tracing::instrument(name = "store.scim_group.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_scim_group(
        &self,
        grant: Authorized<DeleteScimGroup>,
        expected: Option<Versions>,
    ) -> Result<bool> {
        let target = *grant.target();
        self.write(Delete {
            act: Act::of(&grant).detail("connection_id", target.connection.id().to_string()),
            connection: target.connection,
            id: target.id,
            expected,
        })
        .await
    }
}

struct Delete {
    act: Act,
    connection: ConnectionTarget,
    id: GroupId,
    expected: Option<Versions>,
}

impl Job for Delete {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let connection = Connection::new(tx, self.connection);
        let id = || [self.id.as_uuid().into()];
        connection.execute(LOCK, id()).await?;
        let Some(row) = connection.one(REVISION, id()).await? else {
            return Ok(false);
        };
        let revision: i64 = Columns::of(&row).get()?;
        if let Some(expected) = &self.expected
            && !expected.name(revision)
        {
            return Err(Error::new(Code::StaleResource).into());
        }
        // A statement of its own: what others did to these groups before they let them go, only the next one sees.
        connection.all_locked(PARENTS, id()).await?;
        let leave = [self.id.as_uuid().into(), row::at(tx.now())];
        connection.execute(LEAVE, leave).await?;
        connection.execute(DELETE, id()).await?;
        record(tx, [&self.act]).await?;
        Ok(true)
    }
}

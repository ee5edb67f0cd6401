//! Deletes a user.

use std::collections::BTreeSet;

use palisade_authz::{Authorized, ConnectionTarget, action::DeleteScimUser};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::IdentityId;
use palisade_scim::version::Versions;
use palisade_tenancy::TenantId;

use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    job::Job,
    links::part::before_deletion,
    row::Columns,
    scim::sql::{Connection, ConnectionSql},
    sql::TenantSql,
    tx::TenantTx,
};

const REVISION: ConnectionSql = ConnectionSql::new(
    "SELECT i.revision FROM scim_users u JOIN identities i ON i.tenant_id = u.tenant_id AND i.id = u.identity_id
     WHERE u.tenant_id = $1 AND u.provider_id = $2 AND u.identity_id = $3",
);
// Changes nothing, but keeps the identity from others until the end of the transaction.
const LOCK: TenantSql =
    TenantSql::new("UPDATE identities SET revision = revision WHERE tenant_id = $1 AND id = $2");
// The rows that belong to it go by their foreign keys: the user's, its sessions, its links, its memberships.
const DELETE: TenantSql = TenantSql::new("DELETE FROM identities WHERE tenant_id = $1 AND id = $2");

impl Store {
    /// Deletes the user that is the grant's target, and the identity that it is; `false` where it is not there. `expected`: only at
    /// one of these versions. Its accounts at other providers wait for a person.
    ///
    /// # Errors
    /// `stale_resource`.
    #[tracing::instrument(name = "store.scim_user.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_scim_user(
        &self,
        grant: Authorized<DeleteScimUser>,
        expected: Option<Versions>,
    ) -> Result<bool> {
        let target = grant.target();
        self.write(Delete {
            act: Act::of(&grant).detail("connection_id", target.connection.id().to_string()),
            connection: target.connection,
            id: target.identity.id,
            expected,
        })
        .await
    }
}

struct Delete {
    act: Act,
    connection: ConnectionTarget,
    id: IdentityId,
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
        tx.execute(LOCK, id()).await?;
        let Some(row) = connection.one(REVISION, id()).await? else {
            return Ok(false);
        };
        let revision: i64 = Columns::of(&row).get()?;
        if let Some(expected) = &self.expected
            && !expected.name(revision)
        {
            return Err(Error::new(Code::StaleResource).into());
        }
        before_deletion(tx, &self.act, &BTreeSet::from([self.id])).await?;
        tx.execute(DELETE, id()).await?;
        record(tx, [&self.act]).await?;
        Ok(true)
    }
}

//! Writes the next state of a user.

use palisade_authz::{Authorized, ConnectionTarget, action::UpdateScimUser};
use palisade_envelope::{Code, Error, Result};
use palisade_scim::Resource;
use palisade_tenancy::TenantId;
use sea_orm::QueryResult;

use super::{ScimUser, UserWrite, create::taken, index, with_state};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    identities::update,
    job::Job,
    row::Columns,
    scim::sql::{Connection, ConnectionSql},
    tx::TenantTx,
};

const DOCUMENT: ConnectionSql = ConnectionSql::new(
    "SELECT u.document FROM scim_users u WHERE u.tenant_id = $1 AND u.provider_id = $2 AND u.identity_id = $3",
);

impl Store {
    /// Writes the next state of the user that is the grant's target, of its identity and its link, if the identity is still at
    /// `base_revision`. One that is disabled loses its sessions in the same transaction.
    ///
    /// # Errors
    /// `not_found`; `stale_resource` when it has changed meanwhile; `conflict`, naming every field whose value is taken.
    #[tracing::instrument(name = "store.scim_user.update", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn update_scim_user(
        &self,
        grant: Authorized<UpdateScimUser>,
        base_revision: i64,
        write: UserWrite,
    ) -> Result<ScimUser> {
        let target = grant.target();
        if write.changed.identity.id != target.identity.id
            || write.link.user() != target.identity.id
        {
            return Err(Error::internal(
                "the change is of another identity than the grant",
            ));
        }
        let connection = target.connection;
        let mut act = Act::of(&grant).detail("connection_id", connection.id().to_string());
        if target.identity.state != write.changed.identity.state {
            act = act.detail("state", write.changed.identity.state.as_str());
        }
        self.write(Update {
            act,
            connection,
            base_revision,
            write,
        })
        .await
    }
}

struct Update {
    act: Act,
    connection: ConnectionTarget,
    base_revision: i64,
    write: UserWrite,
}

impl Job for Update {
    type Output = ScimUser;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<ScimUser, Fault> {
        let connection = Connection::new(tx, self.connection);
        let after = &self.write.changed.identity;
        // The identity first: its row is what others wait for, and its revision says that the document is the one we know.
        update::write(tx, self.base_revision, &self.write.changed).await?;
        let row = connection
            .one(DOCUMENT, [after.id.as_uuid().into()])
            .await?;
        let row = row.ok_or_else(|| Error::new(Code::NotFound))?;
        let before = document(&row)?;
        index::update(connection, tx, &before, &self.write).await?;
        record(tx, [&self.act]).await?;
        Ok(ScimUser {
            id: after.id,
            resource: with_state(
                self.write.resource.attributes().clone(),
                after.state,
                self.write.disabled_at.is_some(),
            ),
            created_at: after.created_at,
            updated_at: after.updated_at,
            revision: after.revision,
            groups: Vec::new(),
        })
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        taken(tx, &self.write, fault).await
    }
}

fn document(row: &QueryResult) -> Result<Resource, Fault> {
    let document = Columns::of(row).json()?;
    Ok(Resource::from_kept(document))
}

//! Creates a user.

use palisade_authz::{Authorized, ConnectionTarget, action::CreateScimUser};
use palisade_envelope::{Error, Result};
use palisade_tenancy::TenantId;

use super::{ScimUser, UserWrite, index, with_state};
use crate::{
    Store,
    act::Act,
    audit::record,
    fault::Fault,
    identities::{self, explain},
    job::Job,
    scim::sql::Connection,
    sql::Bound,
    tx::TenantTx,
};

impl Store {
    /// Writes a new identity, the user that it is to the connection, its link and the audit row, in one transaction.
    ///
    /// # Errors
    /// `conflict`, naming every field whose value is taken.
    #[tracing::instrument(name = "store.scim_user.create", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn create_scim_user(
        &self,
        grant: Authorized<CreateScimUser>,
        write: UserWrite,
    ) -> Result<ScimUser> {
        let act = Act::of(&grant)
            .on("Identity", write.changed.identity.id)
            .detail("connection_id", grant.target().id().to_string());
        let connection = *grant.target();
        // Put together by the request's own thread: on SQLite all writes wait for the one that writes.
        let statements = statements(&self.reader_of(act.tenant), connection, &act, &write)?;
        self.write(Create {
            act,
            write,
            statements,
        })
        .await
    }
}

fn statements(
    tx: &TenantTx<'_>,
    connection: ConnectionTarget,
    act: &Act,
    write: &UserWrite,
) -> Result<Vec<Bound>, Fault> {
    let rows = Connection::new(tx, connection);
    let id = write.changed.identity.id;
    let statements = identities::insertions(tx, &write.changed)?
        .chain(index::insertions(rows, id, &write.resource)?)
        .chain(index::linking(rows, tx, &write.link))
        .chain(record::statement(tx, [act])?);
    Ok(tx.joined(statements))
}

struct Create {
    act: Act,
    write: UserWrite,
    statements: Vec<Bound>,
}

impl Job for Create {
    type Output = ScimUser;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn prepared(&self) -> &[Bound] {
        &self.statements
    }

    async fn run(&self, _: &TenantTx<'_>) -> Result<ScimUser, Fault> {
        let identity = &self.write.changed.identity;
        Ok(ScimUser {
            id: identity.id,
            resource: with_state(self.write.resource.attributes().clone(), identity.state),
            created_at: identity.created_at,
            updated_at: identity.updated_at,
            revision: identity.revision,
            groups: Vec::new(),
        })
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        taken(tx, &self.write, fault).await
    }
}

/// Which attribute is in the way, in the client's words.
pub(super) async fn taken(tx: &TenantTx<'_>, write: &UserWrite, fault: Fault) -> Error {
    match super::super::search::conflict(&fault) {
        Some(error) => error,
        None => explain(tx, &write.changed.identity, fault).await,
    }
}

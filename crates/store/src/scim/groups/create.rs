//! Creates a group.

use palisade_authz::{Authorized, ConnectionTarget, action::CreateScimGroup};
use palisade_envelope::{Error, Result};
use palisade_identity::GroupId;
use palisade_tenancy::TenantId;

use super::{GroupNext, ScimGroup, WRITTEN, members, update::check_size, values};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    dialect::Violation,
    fault::Fault,
    job::Job,
    row,
    scim::{search::conflict, sql::Connection},
    tx::TenantTx,
};

impl Store {
    /// Writes a new group of the connection that is the grant's target, with its members. `unique`: no other group of the connection
    /// may have its name.
    ///
    /// # Errors
    /// `conflict`, naming the attribute; `invalidValue` for members that the connection does not have.
    #[tracing::instrument(name = "store.scim_group.create", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn create_scim_group(
        &self,
        grant: Authorized<CreateScimGroup>,
        group: GroupNext,
        unique: bool,
    ) -> Result<ScimGroup> {
        let id = GroupId::generate(self.inner.clock.now());
        self.write(Create {
            act: Act::of(&grant)
                .on("Group", id)
                .detail("connection_id", grant.target().id().to_string()),
            connection: *grant.target(),
            id,
            group,
            unique,
        })
        .await
    }
}

struct Create {
    act: Act,
    connection: ConnectionTarget,
    id: GroupId,
    group: GroupNext,
    unique: bool,
}

impl Job for Create {
    type Output = ScimGroup;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<ScimGroup, Fault> {
        let connection = Connection::new(tx, self.connection);
        let columns: Vec<&str> = ["id", "members", "created_at", "updated_at", "revision"]
            .into_iter()
            .chain(WRITTEN)
            .collect();
        let size = i64::try_from(self.group.membership.added.len()).unwrap_or(i64::MAX);
        let mut row = vec![
            self.id.as_uuid().into(),
            size.into(),
            row::at(tx.now()),
            row::at(tx.now()),
            1_i64.into(),
        ];
        row.extend(values(&self.group.resource, self.unique)?);
        tx.together(connection.insertion("scim_groups", &columns, [row]))
            .await?;
        members::change(connection, tx, self.id, &self.group.membership).await?;
        check_size(connection, self.id, size).await?;
        record(tx, [&self.act]).await?;
        Ok(ScimGroup {
            id: self.id,
            resource: self.group.resource.clone(),
            size: u64::try_from(size).unwrap_or(0),
            members: Vec::new(),
            created_at: tx.now(),
            updated_at: tx.now(),
            revision: 1,
        })
    }

    async fn explain(&self, _: &TenantTx<'_>, fault: Fault) -> Error {
        if matches!(fault.violation(), Some(Violation::ForeignKey)) {
            return members::gone();
        }
        conflict(&fault).unwrap_or_else(|| fault.into())
    }
}

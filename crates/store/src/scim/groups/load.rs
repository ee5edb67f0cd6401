//! Loads one group for a decision.

use palisade_authz::{ConnectionTarget, ScimGroupTarget};
use palisade_envelope::Result;
use palisade_identity::GroupId;
use palisade_tenancy::TenantScope;

use super::{MemberOfGroup, ScimGroup, group_columns, members, read};
use crate::{
    Sealed, Store,
    row::Columns,
    scim::sql::{Connection, ConnectionSql},
};

const ONE: ConnectionSql = ConnectionSql::new(concat!(
    "SELECT ",
    group_columns!(),
    " FROM scim_groups t WHERE t.tenant_id = $1 AND t.provider_id = $2 AND t.id = $3"
));

impl Store {
    /// The group of this id, sealed until policy has decided on it, without its members. One of another connection is absent.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.scim_group.load", skip_all, fields(tenant.id = %scope.tenant()))]
    pub async fn load_scim_group(
        &self,
        scope: &TenantScope,
        connection: ConnectionTarget,
        id: GroupId,
    ) -> Result<Sealed<ScimGroup>> {
        let reader = self.reader(scope);
        let rows = Connection::new(&reader, connection);
        let row = rows.one(ONE, [id.as_uuid().into()]).await?;
        let found = row.map(|row| read(&mut Columns::of(&row))).transpose()?;
        let target = ScimGroupTarget { connection, id };
        Ok(Sealed::new(scope.tenant(), target, found))
    }

    /// The members of the caller's own group, once it was decided that it may see or change it.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn members_of_scim_group(
        &self,
        scope: &TenantScope,
        connection: ConnectionTarget,
        id: GroupId,
    ) -> Result<Vec<MemberOfGroup>> {
        let reader = self.reader(scope);
        let mut of = members::of(Connection::new(&reader, connection), &[id]).await?;
        Ok(of.remove(&id).unwrap_or_default())
    }
}

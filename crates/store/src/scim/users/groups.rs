//! The groups that users are in, by other groups as well.

use std::{collections::HashMap, sync::Arc};

use palisade_authz::{
    Authorized,
    action::{ListIdentities, ReadIdentity},
};
use palisade_envelope::Result;
use palisade_identity::{GroupId, IdentityId};
use palisade_tenancy::TenantId;

use super::GroupOfUser;
use crate::{
    Store,
    fault::Fault,
    row::{self, Columns},
    scim::sql::{Connection, ConnectionSql},
    sql::TenantSql,
    tx::TenantTx,
};

const OF: ConnectionSql = ConnectionSql::new(
    "WITH RECURSIVE up (identity_id, group_id, direct) AS (
                    SELECT m.identity_id, m.group_id, 1 FROM scim_group_users m
                    WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.identity_id IN ({list})
                    UNION
                    SELECT up.identity_id, n.group_id, 0 FROM up JOIN scim_group_groups n
                        ON n.tenant_id = $1 AND n.provider_id = $2 AND n.child_id = up.group_id
                 )
                 SELECT up.identity_id, up.group_id, max(up.direct), g.label
                 FROM up JOIN scim_groups g ON g.tenant_id = $1 AND g.provider_id = $2 AND g.id = up.group_id
                 GROUP BY up.identity_id, up.group_id, g.label ORDER BY g.label, up.group_id",
);

// `members` is a column of groups; who is in them changes with these users' end.
const LEAVE: TenantSql = TenantSql::new(
    "UPDATE scim_groups SET revision = revision + 1, updated_at = $2, members = members -
        (SELECT count(*) FROM scim_group_users m WHERE m.tenant_id = scim_groups.tenant_id
            AND m.provider_id = scim_groups.provider_id AND m.group_id = scim_groups.id AND m.identity_id IN ({list}))
     WHERE tenant_id = $1 AND (provider_id, id) IN (
        SELECT m.provider_id, m.group_id FROM scim_group_users m WHERE m.tenant_id = $1 AND m.identity_id IN ({list}))",
);

/// Whether an identity (`$of`, an expression) is in a group.
macro_rules! in_groups {
    ($of:literal) => {
        concat!(
            "CASE WHEN EXISTS (SELECT 1 FROM scim_users su
                JOIN scim_group_users sm ON sm.tenant_id = su.tenant_id AND sm.provider_id = su.provider_id
                    AND sm.identity_id = su.identity_id
                WHERE su.tenant_id = $1 AND su.identity_id = ",
            $of,
            ") THEN 1 ELSE 0 END"
        )
    };
}
pub(crate) use in_groups;

const ALL_OF: TenantSql = TenantSql::new(
    "WITH RECURSIVE up (identity_id, provider_id, group_id) AS (
        SELECT u.identity_id, u.provider_id, m.group_id FROM scim_users u
        LEFT JOIN scim_group_users m ON m.tenant_id = u.tenant_id AND m.provider_id = u.provider_id
            AND m.identity_id = u.identity_id
        WHERE u.tenant_id = $1 AND u.identity_id IN ({list})
        UNION
        SELECT up.identity_id, n.provider_id, n.group_id FROM up JOIN scim_group_groups n
            ON n.tenant_id = $1 AND n.provider_id = up.provider_id AND n.child_id = up.group_id
     )
     SELECT identity_id, group_id FROM up",
);

impl Store {
    /// The groups that an identity is in, by other groups as well, sorted. `some`: whether it is in one, as [`in_groups`] says.
    pub(crate) async fn groups_of_identity(
        &self,
        tenant: TenantId,
        identity: IdentityId,
        some: bool,
    ) -> Result<Arc<[GroupId]>, Fault> {
        if !some {
            return Ok(Arc::from([]));
        }
        let mut found = all_of(&self.reader_of(tenant), &[identity]).await?;
        Ok(found.remove(&identity).unwrap_or_default().into())
    }

    /// The groups that the identity that is the grant's target is in, by other groups as well, sorted; `None` where no provisioning
    /// system has it.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn groups_of_user(
        &self,
        grant: &Authorized<ReadIdentity>,
    ) -> Result<Option<Vec<GroupId>>> {
        let id = grant.target().id;
        let mut found = all_of(&self.reader_of(grant.tenant()), &[id]).await?;
        Ok(found.remove(&id))
    }

    /// The groups that each of these identities is in, by other groups as well, sorted; those that no provisioning system has
    /// are left out.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn groups_of_users(
        &self,
        grant: &Authorized<ListIdentities>,
        users: &[IdentityId],
    ) -> Result<HashMap<IdentityId, Vec<GroupId>>> {
        Ok(all_of(&self.reader_of(grant.tenant()), users).await?)
    }
}

async fn all_of(
    tx: &TenantTx<'_>,
    users: &[IdentityId],
) -> Result<HashMap<IdentityId, Vec<GroupId>>, Fault> {
    let mut found: HashMap<IdentityId, Vec<GroupId>> = HashMap::new();
    for some in users.chunks(250) {
        let ids = some.iter().map(|id| id.as_uuid().into());
        for row in tx.all_listed(ALL_OF, ids).await? {
            let mut columns = Columns::of(&row);
            let user = IdentityId::from_uuid(columns.get()?);
            let group = columns.get::<Option<_>>()?.map(GroupId::from_uuid);
            found.entry(user).or_default().extend(group);
        }
    }
    for groups in found.values_mut() {
        groups.sort_unstable();
    }
    Ok(found)
}

/// Tells the groups that these users are in that they are to go: they are others without them. Before their rows are deleted, which
/// takes their memberships along. A few hundred users at most.
pub(crate) async fn leave_groups(
    tx: &TenantTx<'_>,
    users: impl IntoIterator<Item = IdentityId>,
) -> Result<(), Fault> {
    let users = users.into_iter().map(|user| user.as_uuid().into());
    tx.execute_listed(LEAVE, [row::at(tx.now())], users).await?;
    Ok(())
}

/// The groups of each of these users, by name and id. What is reached twice counts once, so that circles end.
pub(super) async fn of(
    connection: Connection<'_>,
    users: &[IdentityId],
) -> Result<HashMap<IdentityId, Vec<GroupOfUser>>, Fault> {
    let mut found: HashMap<IdentityId, Vec<GroupOfUser>> = HashMap::new();
    for chunk in users.chunks(500) {
        let ids = chunk.iter().map(|id| id.as_uuid().into());
        let rows = connection.all_listed(OF, ids).await?;
        for row in rows {
            let mut columns = Columns::of(&row);
            let user = IdentityId::from_uuid(columns.get()?);
            let group = GroupOfUser {
                id: GroupId::from_uuid(columns.get()?),
                direct: columns.get::<i32>()? == 1,
                name: columns.get()?,
            };
            found.entry(user).or_default().push(group);
        }
    }
    Ok(found)
}

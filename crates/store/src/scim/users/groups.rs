//! The groups that users are in, by other groups as well.

use std::collections::HashMap;

use palisade_envelope::Result;
use palisade_identity::{GroupId, IdentityId};

use super::GroupOfUser;
use crate::{
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

//! The groups that users are in, by other groups as well.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use palisade_authz::{
    Authorized,
    action::{ListIdentities, ReadIdentity},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{GroupId, IdentityId};
use palisade_tenancy::TenantId;
use sea_orm::Value;

use super::{GroupOfUser, ScimUser};
use crate::{
    Store,
    fault::Fault,
    row::{self, Columns},
    scim::sql::{Connection, ConnectionSql},
    sql::TenantSql,
    tx::TenantTx,
};

// The limit is one more than `AT_ONCE`.
const OF: ConnectionSql = ConnectionSql::new(
    "WITH RECURSIVE up (identity_id, group_id, direct) AS (
                    SELECT m.identity_id, m.group_id, 1 FROM scim_group_users m
                    WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.identity_id IN ({list})
                    UNION
                    SELECT up.identity_id, n.group_id, 0 FROM up JOIN scim_group_groups n
                        ON n.tenant_id = $1 AND n.provider_id = $2 AND n.child_id = up.group_id
                 )
                 SELECT up.identity_id, up.group_id, max(up.direct) FROM up
                 GROUP BY up.identity_id, up.group_id ORDER BY up.identity_id, up.group_id LIMIT 10001",
);
const NAMES: ConnectionSql = ConnectionSql::new(
    "SELECT id, label FROM scim_groups WHERE tenant_id = $1 AND provider_id = $2 AND id IN ({list})",
);

/// How many groups of users are read at once, and how many a user is shown in at most.
const AT_ONCE: usize = 10_000;
/// How many users are read of at once.
const USERS: usize = 100;
/// How much of groups an answer has room for: each counts once, and once more for every so many bytes of its name.
const ROOM: usize = 100_000;
const BYTES: usize = 64;

// In the order in which everybody takes them, and until the end of the transaction.
const MEMBER_OF: TenantSql = TenantSql::new(
    "SELECT g.provider_id, g.id FROM scim_groups g WHERE g.tenant_id = $1 AND (g.provider_id, g.id) IN (
        SELECT m.provider_id, m.group_id FROM scim_users u
        JOIN scim_group_users m ON m.tenant_id = u.tenant_id AND m.provider_id = u.provider_id
            AND m.identity_id = u.identity_id
        WHERE u.tenant_id = $1 AND u.identity_id IN ({list}))
     ORDER BY g.provider_id, g.id",
);
// `members` is a column of groups; who is in them changes with these users' end.
const LEAVE: TenantSql = TenantSql::new(
    "UPDATE scim_groups SET revision = revision + 1, updated_at = $2, members = members -
        (SELECT count(*) FROM scim_group_users m WHERE m.tenant_id = scim_groups.tenant_id
            AND m.provider_id = scim_groups.provider_id AND m.group_id = scim_groups.id AND m.identity_id IN ({list}))
     WHERE tenant_id = $1 AND (provider_id, id) IN (
        SELECT m.provider_id, m.group_id FROM scim_users u
        JOIN scim_group_users m ON m.tenant_id = u.tenant_id AND m.provider_id = u.provider_id
            AND m.identity_id = u.identity_id
        WHERE u.tenant_id = $1 AND u.identity_id IN ({list}))",
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
     SELECT identity_id, group_id FROM up LIMIT 100001",
);

/// How many memberships a page of users shows at most: one less than the statement's limit.
const MOST_ON_PAGE: usize = 100_000;
/// How many groups whoever calls is in at most: policies are asked with all that they name.
const MOST_OF_CALLER: usize = 10_000;

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
        let groups = found.remove(&identity).unwrap_or_default();
        if groups.len() > MOST_OF_CALLER {
            // What forbids by those that were left out would be passed over.
            let message = format!("the identity is in more than {MOST_OF_CALLER} groups");
            return Err(Error::with_message(Code::Forbidden, message).into());
        }
        Ok(groups.into())
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
    let mut number = 0;
    for some in users.chunks(250) {
        let ids = some.iter().map(|id| id.as_uuid().into());
        let rows = tx.all_listed(ALL_OF, ids).await?;
        number += rows.len();
        if number > MOST_ON_PAGE {
            let expected = format!(
                "fewer: the users of this page are in more than {MOST_ON_PAGE} groups in all"
            );
            return Err(Error::field("page_size", expected).into());
        }
        for row in rows {
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
    let users: Vec<Value> = users
        .into_iter()
        .map(|user| user.as_uuid().into())
        .collect();
    // A statement of its own: what others did to these groups before they let them go, only the next one sees.
    let groups = tx
        .all_locked_listed(MEMBER_OF, users.iter().cloned())
        .await?;
    if !groups.is_empty() {
        tx.execute_listed(LEAVE, [row::at(tx.now())], users).await?;
    }
    Ok(())
}

/// The names of groups that were read so far, each once.
type Names = HashMap<GroupId, Arc<str>>;

/// Gives these users their groups, as far as an answer has room for them; how many of the users that were. One is always given its
/// own, cut to what there is room for.
pub(super) async fn furnish(
    connection: Connection<'_>,
    users: &mut [ScimUser],
) -> Result<usize, Fault> {
    let mut names = Names::new();
    let (mut done, mut room, mut size) = (0, ROOM, USERS);
    while let Some(some) = users.get(done..).filter(|left| !left.is_empty()) {
        let ids: Vec<IdentityId> = some.iter().take(size).map(|user| user.id).collect();
        let Some(mut found) = read(connection, &ids, &mut names).await? else {
            size = ids.len().div_ceil(2);
            continue;
        };
        for user in users.iter_mut().skip(done).take(ids.len()) {
            let mut groups = found.remove(&user.id).unwrap_or_default();
            let needed: usize = groups.iter().map(weight).sum();
            if needed > room && done > 0 {
                return Ok(done);
            }
            fit(&mut groups, room);
            room = room.saturating_sub(needed);
            user.groups = groups;
            done += 1;
        }
    }
    Ok(done)
}

/// The groups of one user.
pub(super) async fn of_one(
    connection: Connection<'_>,
    user: IdentityId,
) -> Result<Vec<GroupOfUser>, Fault> {
    let mut found = read(connection, &[user], &mut Names::new()).await?;
    let mut groups = found
        .as_mut()
        .and_then(|found| found.remove(&user))
        .unwrap_or_default();
    fit(&mut groups, ROOM);
    Ok(groups)
}

fn weight(group: &GroupOfUser) -> usize {
    1 + group.name.len() / BYTES
}

fn fit(groups: &mut Vec<GroupOfUser>, room: usize) {
    let mut sum = 0;
    let fits = groups.iter().take_while(|group| {
        sum += weight(group);
        sum <= room
    });
    let fits = fits.count();
    groups.truncate(fits);
}

/// The groups of each of these users, by name and id; of one user the first [`AT_ONCE`], of several `None` where they have more. What
/// is reached twice counts once, so that circles end.
async fn read(
    connection: Connection<'_>,
    users: &[IdentityId],
    names: &mut Names,
) -> Result<Option<HashMap<IdentityId, Vec<GroupOfUser>>>, Fault> {
    let ids = users.iter().map(|id| id.as_uuid().into());
    let rows = connection.all_listed(OF, ids).await?;
    if rows.len() > AT_ONCE && users.len() > 1 {
        return Ok(None);
    }
    let mut memberships = Vec::with_capacity(rows.len());
    for row in rows.iter().take(AT_ONCE) {
        let mut columns = Columns::of(row);
        let user = IdentityId::from_uuid(columns.get()?);
        let group = GroupId::from_uuid(columns.get()?);
        memberships.push((user, group, columns.get::<i32>()? == 1));
    }
    let unknown: BTreeSet<GroupId> = memberships
        .iter()
        .map(|(_, group, _)| *group)
        .filter(|group| !names.contains_key(group))
        .collect();
    let unknown: Vec<GroupId> = unknown.into_iter().collect();
    for some in unknown.chunks(500) {
        let ids = some.iter().map(|id| id.as_uuid().into());
        for row in connection.all_listed(NAMES, ids).await? {
            let mut columns = Columns::of(&row);
            let id = GroupId::from_uuid(columns.get()?);
            names.insert(id, columns.get::<String>()?.into());
        }
    }
    let mut found: HashMap<IdentityId, Vec<GroupOfUser>> = HashMap::new();
    for (user, id, direct) in memberships {
        // One that was deleted meanwhile has no name any more.
        if let Some(name) = names.get(&id) {
            let name = Arc::clone(name);
            let group = GroupOfUser { id, direct, name };
            found.entry(user).or_default().push(group);
        }
    }
    for groups in found.values_mut() {
        groups.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    }
    Ok(Some(found))
}

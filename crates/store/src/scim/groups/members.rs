//! Who is in a group, as rows.

use std::collections::{BTreeSet, HashMap};

use palisade_envelope::{Error, Result};
use palisade_identity::{GroupId, ids::Uuid};
use palisade_scim::{ScimType, error::refusal, resource::MemberKind};
use sea_orm::Value;

use super::{MemberOfGroup, Membership};
use crate::{
    fault::Fault,
    row::Columns,
    scim::sql::{Connection, ConnectionSql},
    tx::TenantTx,
};

const OF_GROUPS: ConnectionSql = ConnectionSql::new(
    "SELECT m.group_id, 0 AS kind, m.identity_id AS id, u.label FROM scim_group_users m
        JOIN scim_users u ON u.tenant_id = m.tenant_id AND u.provider_id = m.provider_id AND u.identity_id = m.identity_id
        WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.group_id IN ({list})
     UNION ALL
     SELECT m.group_id, 1 AS kind, m.child_id AS id, g.label FROM scim_group_groups m
        JOIN scim_groups g ON g.tenant_id = m.tenant_id AND g.provider_id = m.provider_id AND g.id = m.child_id
        WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.group_id IN ({list})
     ORDER BY id",
);
const USERS: ConnectionSql = ConnectionSql::new(
    "SELECT identity_id FROM scim_users WHERE tenant_id = $1 AND provider_id = $2 AND identity_id IN ({list})",
);
const GROUPS: ConnectionSql = ConnectionSql::new(
    "SELECT id FROM scim_groups WHERE tenant_id = $1 AND provider_id = $2 AND id IN ({list})",
);
const ABOVE: ConnectionSql = ConnectionSql::new(
    "WITH RECURSIVE up (id) AS (
        SELECT n.group_id FROM scim_group_groups n WHERE n.tenant_id = $1 AND n.provider_id = $2 AND n.child_id = $3
        UNION
        SELECT n.group_id FROM up JOIN scim_group_groups n
            ON n.tenant_id = $1 AND n.provider_id = $2 AND n.child_id = up.id
     ) SELECT id FROM up",
);
const COUNT: ConnectionSql = ConnectionSql::new(
    "SELECT (SELECT count(*) FROM scim_group_users m WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.group_id = $3)
        + (SELECT count(*) FROM scim_group_groups m WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.group_id = $3)",
);

/// The two tables of members, with the column of the member.
const TABLES: [(&str, &str); 2] = [
    ("scim_group_users", "identity_id"),
    ("scim_group_groups", "child_id"),
];

/// How many ids one statement asks for.
const CHUNK: usize = 500;

/// The members of these groups, by id.
pub(super) async fn of(
    connection: Connection<'_>,
    groups: &[GroupId],
) -> Result<HashMap<GroupId, Vec<MemberOfGroup>>, Fault> {
    let mut found: HashMap<GroupId, Vec<MemberOfGroup>> = HashMap::new();
    for chunk in groups.chunks(CHUNK) {
        let ids = chunk.iter().map(|id| id.as_uuid().into());
        for row in connection.all_listed(OF_GROUPS, ids).await? {
            let mut columns = Columns::of(&row);
            let group = GroupId::from_uuid(columns.get()?);
            let kind = match columns.get::<i32>()? {
                0 => MemberKind::User,
                _ => MemberKind::Group,
            };
            let member = MemberOfGroup {
                kind,
                id: columns.get()?,
                name: columns.get()?,
            };
            found.entry(group).or_default().push(member);
        }
    }
    Ok(found)
}

/// How many rows a change added and took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) added: u64,
    pub(super) removed: u64,
}

/// Does the change. The group's row is held by this transaction.
///
/// # Errors
/// `invalidValue` for members that the connection does not have, and for circles.
pub(super) async fn change(
    connection: Connection<'_>,
    tx: &TenantTx<'_>,
    group: GroupId,
    change: &Membership,
) -> Result<Moved, Fault> {
    let mut moved = Moved::default();
    if change.is_empty() {
        return Ok(moved);
    }
    // scim-sanity 0.7 adds `fake-member-id` by PATCH and wants no refusal. To add what can be nobody's id adds nobody, and the answer
    // shows that; wherever somebody goes, every member has to be one.
    let passes = |id: &String| {
        !change.cleared
            && change.removed.is_empty()
            && !id.starts_with("bulkId:")
            && GroupId::parse(id).is_none()
    };
    let added = ids(change.added.iter().filter(|id| !passes(id)))?;
    let added = resolve(connection, added).await?;
    if change.cleared {
        moved.removed += clear(connection, group, &added).await?;
    }
    let mut gone = ids(change.removed.iter())?;
    for ids in added.iter() {
        for id in ids {
            gone.remove(id);
        }
    }
    moved.removed += remove(connection, group, gone.into_iter().collect()).await?;
    moved.added += add(connection, tx, group, &added).await?;
    Ok(moved)
}

/// The ids of users, and of groups.
type Resolved = [Vec<Uuid>; 2];

/// Which of these are users of the connection, and which are groups of it.
async fn resolve(
    connection: Connection<'_>,
    mut wanted: BTreeSet<Uuid>,
) -> Result<Resolved, Fault> {
    let mut resolved: Resolved = Default::default();
    for (kind, sql) in [USERS, GROUPS].into_iter().enumerate() {
        let ids: Vec<Uuid> = wanted.iter().copied().collect();
        for chunk in ids.chunks(CHUNK) {
            let values = chunk.iter().map(|id| (*id).into());
            for row in connection.all_listed(sql, values).await? {
                let id: Uuid = Columns::of(&row).get()?;
                if wanted.remove(&id)
                    && let Some(of_kind) = resolved.get_mut(kind)
                {
                    of_kind.push(id);
                }
            }
        }
    }
    match wanted.first() {
        None => Ok(resolved),
        Some(id) => Err(unknown(&id.to_string()).into()),
    }
}

/// The ids. What is none is refused, since a list that can't be read must never pass for a shorter one, and a client that is told
/// of a success asks for the same for ever. Ids are compared letter by letter.
fn ids<'a>(named: impl Iterator<Item = &'a String>) -> Result<BTreeSet<Uuid>, Error> {
    let id = |text: &String| {
        GroupId::parse(text)
            .map(GroupId::as_uuid)
            .filter(|id| id.to_string() == *text)
            .ok_or_else(|| unknown(text))
    };
    named.map(id).collect()
}

/// A member was deleted while it was added.
pub(super) fn gone() -> Error {
    let sentence = "`members`: one of them is gone";
    refusal(ScimType::InvalidValue, sentence).detail("path", "members")
}

fn unknown(id: &str) -> Error {
    let shown: String = id.chars().take(64).collect();
    let sentence = format!("`members`: there is no user or group `{shown}`");
    refusal(ScimType::InvalidValue, sentence).detail("path", "members")
}

/// Removes all but these.
async fn clear(connection: Connection<'_>, group: GroupId, but: &Resolved) -> Result<u64, Fault> {
    let mut removed = 0;
    for ((table, column), but) in TABLES.into_iter().zip(but) {
        removed += connection
            .delete_members(table, column, group.as_uuid(), but, true)
            .await?;
    }
    Ok(removed)
}

async fn remove(connection: Connection<'_>, group: GroupId, ids: Vec<Uuid>) -> Result<u64, Fault> {
    let mut removed = 0;
    for chunk in ids.chunks(CHUNK) {
        for (table, column) in TABLES {
            removed += connection
                .delete_members(table, column, group.as_uuid(), chunk, false)
                .await?;
        }
    }
    Ok(removed)
}

async fn add(
    connection: Connection<'_>,
    tx: &TenantTx<'_>,
    group: GroupId,
    added: &Resolved,
) -> Result<u64, Fault> {
    let [_, groups] = added;
    if !groups.is_empty() {
        refuse_circle(connection, tx, group, groups).await?;
    }
    let mut written = 0;
    for ((table, column), ids) in TABLES.into_iter().zip(added) {
        let rows: Vec<Vec<Value>> = ids
            .iter()
            .map(|id| vec![connection.id(), group.as_uuid().into(), (*id).into()])
            .collect();
        let columns = ["provider_id", "group_id", column];
        written += tx
            .insert_many(table, &columns, rows, "ON CONFLICT DO NOTHING")
            .await?;
    }
    Ok(written)
}

/// A group that is in itself, by whatever way, is refused.
async fn refuse_circle(
    connection: Connection<'_>,
    tx: &TenantTx<'_>,
    group: GroupId,
    children: &[Uuid],
) -> Result<(), Fault> {
    // One nesting at a time in a connection: two that are fine by themselves can be a circle together.
    crate::providers::hold(tx, connection.provider()).await?;
    let mut above: BTreeSet<Uuid> = BTreeSet::from([group.as_uuid()]);
    for row in connection.all(ABOVE, [group.as_uuid().into()]).await? {
        above.insert(Columns::of(&row).get()?);
    }
    if children.iter().any(|child| above.contains(child)) {
        return Err(refusal(
            ScimType::InvalidValue,
            "`members`: the group would be a member of itself",
        )
        .detail("path", "members")
        .into());
    }
    Ok(())
}

/// How many there are.
pub(super) async fn count(connection: Connection<'_>, group: GroupId) -> Result<i64, Fault> {
    let row = connection.one(COUNT, [group.as_uuid().into()]).await?;
    match row {
        Some(row) => Ok(Columns::of(&row).get()?),
        None => Ok(0),
    }
}

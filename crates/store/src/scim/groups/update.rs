//! Changes a group.

use palisade_authz::{Authorized, ConnectionTarget, action::UpdateScimGroup};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::GroupId;
use palisade_scim::{Resource, limits, version::Versions};
use palisade_tenancy::TenantId;

use super::{
    GroupNext, ScimGroup, group_columns,
    members::{self, Moved},
    read, values,
};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    dialect::Violation,
    fault::Fault,
    job::Job,
    row::{self, Columns},
    scim::{
        search::conflict,
        sql::{Connection, ConnectionSql},
    },
    tx::TenantTx,
};

// Changes nothing, but keeps the row from others until the end of the transaction.
const LOCK: ConnectionSql = ConnectionSql::new(
    "UPDATE scim_groups SET revision = revision WHERE tenant_id = $1 AND provider_id = $2 AND id = $3",
);
const ONE: ConnectionSql = ConnectionSql::new(concat!(
    "SELECT ",
    group_columns!(),
    " FROM scim_groups t WHERE t.tenant_id = $1 AND t.provider_id = $2 AND t.id = $3"
));
const UPDATE: ConnectionSql = ConnectionSql::new(
    "UPDATE scim_groups SET display_name = $4, unique_name = $5, external_id = $6, label = $7, document = $8, members = $9,
        updated_at = $10, revision = revision + 1
     WHERE tenant_id = $1 AND provider_id = $2 AND id = $3",
);
const SIZE: ConnectionSql = ConnectionSql::new(
    "UPDATE scim_groups SET members = $4 WHERE tenant_id = $1 AND provider_id = $2 AND id = $3",
);

/// Gives the next state of a group from the one that it has.
type Apply = Box<dyn Fn(&Resource) -> Result<GroupNext> + Send + Sync>;

impl Store {
    /// Changes the group that is the grant's target as `apply` says, which sees the group as it is when nobody else can change it:
    /// of concurrent changes none is lost. A change that changes nothing writes nothing. `unique`: no other group of the connection
    /// may have its name. `expected`: only at one of these versions.
    ///
    /// # Errors
    /// What `apply` says; `not_found`, `stale_resource`; `conflict`, naming the attribute; `invalidValue` for members that the
    /// connection does not have, and for circles.
    #[tracing::instrument(name = "store.scim_group.update", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn update_scim_group(
        &self,
        grant: Authorized<UpdateScimGroup>,
        expected: Option<Versions>,
        unique: bool,
        apply: impl Fn(&Resource) -> Result<GroupNext> + Send + Sync + 'static,
    ) -> Result<ScimGroup> {
        let target = *grant.target();
        self.write(Update {
            act: Act::of(&grant).detail("connection_id", target.connection.id().to_string()),
            connection: target.connection,
            id: target.id,
            expected,
            unique,
            apply: Box::new(apply),
        })
        .await
    }
}

struct Update {
    act: Act,
    connection: ConnectionTarget,
    id: GroupId,
    expected: Option<Versions>,
    unique: bool,
    apply: Apply,
}

impl Job for Update {
    type Output = ScimGroup;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<ScimGroup, Fault> {
        let connection = Connection::new(tx, self.connection);
        let id = || [self.id.as_uuid().into()];
        connection.execute(LOCK, id()).await?;
        let row = connection.one(ONE, id()).await?;
        let row = row.ok_or_else(|| Error::new(Code::NotFound))?;
        let mut group = read(&mut Columns::of(&row))?;
        if let Some(expected) = &self.expected {
            expected.must_name(group.revision)?;
        }
        let next = (self.apply)(&group.resource)?;
        let moved = members::change(connection, tx, self.id, &next.membership).await?;
        if next.resource == group.resource && moved == Moved::default() {
            return Ok(group);
        }
        let size = group.size.saturating_add(moved.added);
        let size = i64::try_from(size.saturating_sub(moved.removed)).unwrap_or(i64::MAX);
        let mut bound = vec![self.id.as_uuid().into()];
        bound.extend(values(&next.resource, self.unique)?);
        bound.extend([size.into(), row::at(tx.now())]);
        connection.execute(UPDATE, bound).await?;
        let size = check_size(connection, self.id, size).await?;
        let act = self
            .act
            .clone()
            .detail("members_added", moved.added)
            .detail("members_removed", moved.removed);
        record(tx, [&act]).await?;
        group.resource = next.resource;
        group.size = u64::try_from(size).unwrap_or(0);
        group.updated_at = tx.now();
        group.revision += 1;
        Ok(group)
    }

    async fn explain(&self, _: &TenantTx<'_>, fault: Fault) -> Error {
        if matches!(fault.violation(), Some(Violation::ForeignKey)) {
            return members::gone();
        }
        conflict(&fault).unwrap_or_else(|| fault.into())
    }
}

/// Refuses a group that has become too large. What its row says may be too much, since members that were deleted still count: then
/// they are counted, which is why that costs something at the limit only.
pub(super) async fn check_size(
    connection: Connection<'_>,
    group: GroupId,
    size: i64,
) -> Result<i64, Fault> {
    let most = i64::try_from(limits::MAX_GROUP_MEMBERS).unwrap_or(i64::MAX);
    if size <= most {
        return Ok(size);
    }
    let counted = members::count(connection, group).await?;
    if counted > most {
        let message = format!("a group can have {most} members");
        return Err(Error::with_message(Code::BodyTooLarge, message).into());
    }
    connection
        .execute(SIZE, [group.as_uuid().into(), counted.into()])
        .await?;
    Ok(counted)
}

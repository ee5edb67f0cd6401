//! Loads one user for a decision.

use palisade_authz::{ConnectionTarget, IdentityTarget, ScimUserTarget};
use palisade_envelope::Result;
use palisade_identity::{IdentityId, State};
use palisade_tenancy::TenantScope;
use sea_orm::QueryResult;

use super::{GroupOfUser, ScimUser, ScimUserState, groups, read, state_sql, with_state};
use crate::{
    Sealed, Store,
    fault::Fault,
    identities,
    row::Columns,
    scim::sql::{Connection, ConnectionSql},
};

const ONE: ConnectionSql = ConnectionSql::new(
    "SELECT i.schema_id, i.state,
        CASE WHEN EXISTS (SELECT 1 FROM scim_group_users m
            WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.identity_id = u.identity_id) THEN 1 ELSE 0 END,
        u.document, i.state, CASE WHEN u.disabled_at = i.state_changed_at THEN 1 ELSE 0 END, i.created_at, i.updated_at, i.revision
     FROM scim_users u JOIN identities i ON i.tenant_id = u.tenant_id AND i.id = u.identity_id
     WHERE u.tenant_id = $1 AND u.provider_id = $2 AND u.identity_id = $3",
);

const IS_THERE: ConnectionSql = ConnectionSql::new(
    "SELECT 1 FROM scim_users WHERE tenant_id = $1 AND provider_id = $2 AND identity_id = $3",
);

const STATE: ConnectionSql = ConnectionSql::new(state_sql!());

impl Store {
    /// The user of this id, sealed until policy has decided on it. One of another connection is absent. `groups`: with the groups
    /// that it is in; a user who is in none costs no second statement.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.scim_user.load", skip_all, fields(tenant.id = %scope.tenant()))]
    pub async fn load_scim_user(
        &self,
        scope: &TenantScope,
        connection: ConnectionTarget,
        id: IdentityId,
        groups: bool,
    ) -> Result<Sealed<ScimUser>> {
        let reader = self.reader(scope);
        let rows = Connection::new(&reader, connection);
        let row = rows.one(ONE, [id.as_uuid().into()]).await?;
        let mut target = ScimUserTarget {
            connection,
            identity: IdentityTarget::absent(id),
        };
        let mut found = None;
        if let Some(row) = row {
            let (identity, mut user, has_groups) = one(id, &row)?;
            target.identity = identity;
            if groups && has_groups {
                user.groups = groups::of_one(rows, id).await?;
            }
            found = Some(user);
        }
        Ok(Sealed::new(scope.tenant(), target, found))
    }

    /// The user of this id with its identity, sealed until policy has decided on a change of it.
    ///
    /// # Errors
    /// As [`Store::load_scim_user`].
    #[tracing::instrument(name = "store.scim_user.load_state", skip_all, fields(tenant.id = %scope.tenant()))]
    pub async fn load_scim_user_state(
        &self,
        scope: &TenantScope,
        connection: ConnectionTarget,
        id: IdentityId,
    ) -> Result<Sealed<ScimUserState>> {
        let reader = self.reader(scope);
        let row = Connection::new(&reader, connection)
            .one(STATE, [id.as_uuid().into()])
            .await?;
        let found = row.as_ref().map(state).transpose()?;
        let identity = found.as_ref().map_or_else(
            || IdentityTarget::absent(id),
            |found| IdentityTarget::of(&found.identity),
        );
        let target = ScimUserTarget {
            connection,
            identity,
        };
        Ok(Sealed::new(scope.tenant(), target, found))
    }

    /// Whether the caller's connection has a user of this id: for references to it.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn has_scim_user(
        &self,
        scope: &TenantScope,
        connection: ConnectionTarget,
        id: IdentityId,
    ) -> Result<bool> {
        let reader = self.reader(scope);
        let rows = Connection::new(&reader, connection);
        Ok(rows.one(IS_THERE, [id.as_uuid().into()]).await?.is_some())
    }

    /// The groups that a user is in, for an answer to a change of it.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn groups_of_scim_user(
        &self,
        scope: &TenantScope,
        connection: ConnectionTarget,
        id: IdentityId,
    ) -> Result<Vec<GroupOfUser>> {
        let reader = self.reader(scope);
        Ok(groups::of_one(Connection::new(&reader, connection), id).await?)
    }
}

fn one(id: IdentityId, row: &QueryResult) -> Result<(IdentityTarget, ScimUser, bool), Fault> {
    let mut columns = Columns::of(row);
    let identity = IdentityTarget {
        id,
        schema_id: columns.get()?,
        state: columns.word(State::parse)?,
    };
    let has_groups = columns.get::<i32>()? == 1;
    Ok((identity, read(id, &mut columns)?, has_groups))
}

pub(super) fn state(row: &QueryResult) -> Result<ScimUserState, Fault> {
    let mut columns = Columns::of(row);
    let document = columns.json()?;
    let disabled_at = columns.maybe_time()?;
    let has_groups = columns.get::<i32>()? == 1;
    let identity = identities::read(&mut columns)?;
    let disabled_by_client =
        identity.state == State::Inactive && disabled_at == Some(identity.state_changed_at);
    let user = ScimUser {
        id: identity.id,
        resource: with_state(document, identity.state, disabled_by_client),
        created_at: identity.created_at,
        updated_at: identity.updated_at,
        revision: identity.revision,
        groups: Vec::new(),
    };
    Ok(ScimUserState {
        disabled_by_client,
        user,
        identity,
        has_groups,
    })
}

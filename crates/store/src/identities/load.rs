//! Loads one identity for a decision: one statement, by primary key.

use std::collections::HashMap;

use palisade_authz::{Authorized, IdentityTarget, action::UnlinkExternalIdentity};
use palisade_envelope::Result;
use palisade_identity::{Identity, IdentityId, State, ids::Uuid};
use palisade_tenancy::{TenantId, TenantScope};
use sea_orm::Value;

use super::{columns, identity};
use crate::{Sealed, Store, fault::Fault, row::Columns, select::Select, sql::TenantSql};

pub(crate) const BY_ID: TenantSql = TenantSql::new(concat!(
    "SELECT ",
    columns!(),
    " FROM identities WHERE tenant_id = $1 AND id = $2"
));

const BY_EXTERNAL_ID: TenantSql = TenantSql::new(concat!(
    "SELECT ",
    columns!(),
    " FROM identities WHERE tenant_id = $1 AND external_id = $2"
));

impl Store {
    /// The identity of this id, sealed until policy has decided on it.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.identity.load",  skip_all, fields(tenant.id = %scope.tenant()))]
    pub async fn load_identity(
        &self,
        scope: &TenantScope,
        id: IdentityId,
    ) -> Result<Sealed<Identity>> {
        let found = self
            .identity(scope.tenant(), BY_ID, id.as_uuid().into())
            .await?;
        Ok(seal(scope.tenant(), found, id))
    }

    /// The identity with this external id, sealed until policy has decided on it.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.identity.load",  skip_all, fields(tenant.id = %scope.tenant()))]
    pub async fn load_identity_by_external_id(
        &self,
        scope: &TenantScope,
        external_id: &str,
    ) -> Result<Sealed<Identity>> {
        let found = self
            .identity(scope.tenant(), BY_EXTERNAL_ID, external_id.into())
            .await?;
        Ok(seal(
            scope.tenant(),
            found,
            IdentityId::from_uuid(Uuid::nil()),
        ))
    }

    /// What to decide on for each of these ids, in their order: those that name nothing are there as absent.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn identity_targets(
        &self,
        scope: &TenantScope,
        ids: &[IdentityId],
    ) -> Result<Vec<IdentityTarget>> {
        let mut found = HashMap::new();
        for chunk in ids.chunks(500) {
            let mut select =
                Select::new("t.id, t.schema_id, t.state", "identities", scope.tenant());
            select.and_in("t.id", chunk.iter().map(|id| id.as_uuid().into()));
            let reader = self.reader(scope);
            for row in reader.all_bound(select.finish("t.id", 500)).await? {
                let mut columns = Columns::of(&row);
                let target = IdentityTarget {
                    id: IdentityId::from_uuid(columns.get().map_err(Fault::from)?),
                    schema_id: columns.get().map_err(Fault::from)?,
                    state: columns.word(State::parse)?,
                };
                found.insert(target.id, target);
            }
        }
        let target = |id: &IdentityId| {
            found
                .get(id)
                .cloned()
                .unwrap_or_else(|| IdentityTarget::absent(*id))
        };
        Ok(ids.iter().map(target).collect())
    }

    /// The identity whose link the grant is about, to plan the unlinking with.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn identity_to_unlink(
        &self,
        grant: &Authorized<UnlinkExternalIdentity>,
    ) -> Result<Option<Identity>> {
        Ok(self
            .identity(grant.tenant(), BY_ID, grant.target().user.as_uuid().into())
            .await?)
    }

    pub(crate) async fn identity(
        &self,
        tenant: TenantId,
        sql: TenantSql,
        key: Value,
    ) -> Result<Option<Identity>, Fault> {
        self.read_one(tenant, sql, [key])
            .await?
            .map(|row| identity(&row))
            .transpose()
    }
}

fn seal(tenant: TenantId, found: Option<Identity>, asked: IdentityId) -> Sealed<Identity> {
    let target = match &found {
        Some(identity) => IdentityTarget {
            id: identity.id,
            schema_id: identity.schema_id.clone(),
            state: identity.state,
        },
        None => IdentityTarget::absent(asked),
    };
    Sealed::new(tenant, target, found)
}

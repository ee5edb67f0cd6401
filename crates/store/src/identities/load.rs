//! Loads one identity for a decision: one statement, by primary key.

use palisade_authz::{Authorized, IdentityTarget, action::UnlinkExternalIdentity};
use palisade_envelope::Result;
use palisade_identity::{Identity, IdentityId, ids::Uuid};
use palisade_tenancy::{TenantId, TenantScope};
use sea_orm::Value;

use super::{columns, identity};
use crate::{Sealed, Store, fault::Fault, sql::TenantSql};

pub(super) const BY_ID: TenantSql = TenantSql::new(concat!(
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

    async fn identity(
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

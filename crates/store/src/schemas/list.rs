//! Lists and reads schemas.

use palisade_authz::{
    Authorized,
    action::{ListIdentitySchemas, ReadIdentitySchema},
};
use palisade_envelope::Result;

use super::{SchemaDocument, document, load};
use crate::{Store, fault::Fault, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(
    "SELECT id, document, created_at, updated_at, revision
     FROM identity_schemas WHERE tenant_id = $1 ORDER BY id",
);

impl Store {
    /// The tenant's schemas by id.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn list_identity_schemas(
        &self,
        grant: &Authorized<ListIdentitySchemas>,
    ) -> Result<Vec<SchemaDocument>> {
        let rows = self.read_all(grant.tenant(), LIST, []).await?;
        Ok(rows
            .iter()
            .map(document)
            .collect::<Result<Vec<_>, Fault>>()?)
    }

    /// The schema that is the grant's target.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn read_identity_schema(
        &self,
        grant: &Authorized<ReadIdentitySchema>,
    ) -> Result<Option<SchemaDocument>> {
        Ok(load(&self.reader(grant.scope()), grant.target().id()).await?)
    }
}

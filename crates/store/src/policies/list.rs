//! Lists and reads policies.

use palisade_authz::{
    Authorized,
    action::{ListPolicies, ReadPolicy},
};
use palisade_envelope::Result;

use super::{PolicyDocument, document, load};
use crate::{Store, fault::Fault, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(
    "SELECT name, text, created_at, updated_at, revision FROM policies WHERE tenant_id = $1 ORDER BY name",
);

impl Store {
    /// The tenant's policies by name.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn list_policies(
        &self,
        grant: &Authorized<ListPolicies>,
    ) -> Result<Vec<PolicyDocument>> {
        let rows = self.read_all(grant.tenant(), LIST, []).await?;
        Ok(rows
            .iter()
            .map(document)
            .collect::<Result<Vec<_>, Fault>>()?)
    }

    /// The policy that is the grant's target.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn read_policy(
        &self,
        grant: &Authorized<ReadPolicy>,
    ) -> Result<Option<PolicyDocument>> {
        Ok(load(&self.reader(grant.scope()), grant.target().id()).await?)
    }
}

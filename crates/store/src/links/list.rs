//! Lists the external identities of an identity.

use palisade_authz::{Authorized, action::ListExternalIdentities};
use palisade_envelope::Result;
use palisade_identity::ExternalIdentity;

use super::{external, from_external};
use crate::{Store, fault::Fault, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(concat!(
    from_external!(),
    "WHERE x.tenant_id = $1 AND x.identity_id = $2 ORDER BY x.created_at, x.id"
));

impl Store {
    /// The external identities of the identity that is the grant's target, the oldest first.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.external_identity.list", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn list_external_identities(
        &self,
        grant: &Authorized<ListExternalIdentities>,
    ) -> Result<Vec<ExternalIdentity>> {
        let rows = self
            .read_all(grant.tenant(), LIST, [grant.target().id.as_uuid().into()])
            .await?;
        Ok(rows
            .iter()
            .map(external)
            .collect::<Result<Vec<_>, Fault>>()?)
    }
}

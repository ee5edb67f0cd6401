//! Loads one external identity.

use palisade_authz::{Authorized, ExternalIdentityTarget, action::LinkExternalIdentity};
use palisade_envelope::Result;
use palisade_identity::{ExternalIdentity, IdentityId, LinkId, LinkedBy, ProviderId};
use palisade_tenancy::TenantScope;

use super::{external, from_external};
use crate::{Sealed, Store, sql::TenantSql};

const OF_USER: TenantSql = TenantSql::new(concat!(
    from_external!(),
    "WHERE x.tenant_id = $1 AND x.id = $2 AND x.identity_id = $3"
));

pub(super) const BY_SUBJECT: TenantSql = TenantSql::new(concat!(
    from_external!(),
    "WHERE x.tenant_id = $1 AND x.provider_id = $2 AND x.external_id = $3"
));

impl Store {
    /// This link of this identity, sealed until policy has decided on it. A link of another identity is absent.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn load_external_identity(
        &self,
        scope: &TenantScope,
        user: IdentityId,
        link: LinkId,
    ) -> Result<Sealed<ExternalIdentity>> {
        let key = [link.as_uuid().into(), user.as_uuid().into()];
        let row = self.read_one(scope.tenant(), OF_USER, key).await?;
        let found = row.map(|row| external(&row)).transpose()?;
        let linked_by = found
            .as_ref()
            .map_or(LinkedBy::Manual, |found| found.linked_by);
        Ok(Sealed::new(
            scope.tenant(),
            ExternalIdentityTarget {
                user,
                id: link,
                linked_by,
            },
            found,
        ))
    }

    /// The external identity of this subject at this provider, whoever it is linked to: to plan a link with.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn external_identity_of(
        &self,
        grant: &Authorized<LinkExternalIdentity>,
        provider: ProviderId,
        external_id: &str,
    ) -> Result<Option<ExternalIdentity>> {
        let key = [provider.as_uuid().into(), external_id.into()];
        let row = self.read_one(grant.tenant(), BY_SUBJECT, key).await?;
        Ok(row.map(|row| external(&row)).transpose()?)
    }
}

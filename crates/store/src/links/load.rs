//! Loads one external identity.

use palisade_authz::{
    Authorized, ExternalIdentityTarget,
    action::{DeleteCredential, LinkExternalIdentity},
};
use palisade_envelope::Result;
use palisade_identity::{ExternalIdentity, IdentityId, LinkId, LinkedBy, ProviderId};
use palisade_tenancy::TenantScope;

use super::{
    account::{Account, account},
    external, from_external,
};
use crate::{Sealed, Store, sql::TenantSql};

const OF_USER: TenantSql = TenantSql::new(concat!(
    from_external!(),
    "WHERE x.tenant_id = $1 AND x.id = $2 AND x.identity_id = $3"
));

pub(super) const BY_SUBJECT: TenantSql = TenantSql::new(concat!(
    from_external!(),
    "WHERE x.tenant_id = $1 AND x.provider_id = $2 AND x.external_id = $3"
));

const OF_USER_BY_NAME: TenantSql = TenantSql::new(concat!(
    from_external!(),
    "WHERE x.tenant_id = $1 AND x.identity_id = $2 AND p.name = $3 AND x.external_id = $4"
));

impl Store {
    /// The link of this identity that an oidc or saml credential shows as `provider:subject`, sealed until policy has
    /// decided on its removal.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn load_credentials_link(
        &self,
        grant: &Authorized<DeleteCredential>,
        provider: &str,
        subject: &str,
    ) -> Result<Option<Sealed<ExternalIdentity>>> {
        let user = grant.target().id;
        let key = [user.as_uuid().into(), provider.into(), subject.into()];
        let row = self.read_one(grant.tenant(), OF_USER_BY_NAME, key).await?;
        let found = row.map(|row| external(&row)).transpose()?;
        Ok(found.map(|found| {
            let target = ExternalIdentityTarget {
                user,
                id: found.id,
                linked_by: found.linked_by,
            };
            Sealed::new(grant.tenant(), target, Some(found))
        }))
    }

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

    /// What is known of this subject at this provider, whoever it is linked to, without candidates: to plan a link with.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn external_identity_of(
        &self,
        grant: &Authorized<LinkExternalIdentity>,
        provider: ProviderId,
        external_id: &str,
    ) -> Result<Option<Account>> {
        let key = [provider.as_uuid().into(), external_id.into()];
        let row = self.read_one(grant.tenant(), BY_SUBJECT, key).await?;
        Ok(row.map(|row| account(&row)).transpose()?)
    }
}

//! Lists the external identities of an identity.

use palisade_authz::{Authorized, action::ListExternalIdentities};
use palisade_envelope::Result;
use palisade_identity::{ExternalIdentity, Timestamp, ids::Uuid};

use super::{external, from_external};
use crate::{Page, PageRequest, Store, fault::Fault, page::TokenSealer, row, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(concat!(
    from_external!(),
    "WHERE x.tenant_id = $1 AND x.identity_id = $2 AND (x.created_at, x.id) > ($3, $4) \
     ORDER BY x.created_at, x.id LIMIT $5"
));

impl Store {
    /// A page of the external identities of the identity that is the grant's target, the oldest first.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.external_identity.list", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn list_external_identities(
        &self,
        grant: &Authorized<ListExternalIdentities>,
        page: &PageRequest,
    ) -> Result<Page<ExternalIdentity>> {
        let identity = grant.target().id;
        let filter = identity.to_string();
        let sealer = TokenSealer::new(
            self.page_token_key().await?,
            grant.tenant(),
            "external_identities",
            &filter,
        );
        let (time, id) = sealer.after(page, (Timestamp::MIN_UTC, Uuid::nil()))?;
        let values = [
            identity.as_uuid().into(),
            row::at(time),
            id.into(),
            page.limit().into(),
        ];
        let rows = self.read_all(grant.tenant(), LIST, values).await?;
        let links = rows
            .iter()
            .map(external)
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(Page::of(links, page.size, &sealer, |link| {
            (link.created_at, link.id.as_uuid())
        }))
    }
}

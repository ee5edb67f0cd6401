//! Lists the keys of a connection.

use palisade_authz::{Authorized, action::ListConnectionKeys};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{ProviderId, ids::Uuid};

use super::{ConnectionKeyDocument, document};
use crate::{Page, PageRequest, Store, fault::Fault, page::TokenSealer, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(
    "SELECT id, name, scopes, expires_at, revoked_at, last_used_at, created_at
     FROM connection_keys WHERE tenant_id = $1 AND provider_id = $2 AND id > $3 ORDER BY id LIMIT $4",
);

impl Store {
    /// A page of the keys of the connection that is the grant's target, revoked ones among them, in the order they were made.
    ///
    /// # Errors
    /// `not_found` where the tenant has no such provider; `invalid_page_token`.
    pub async fn list_connection_keys(
        &self,
        grant: &Authorized<ListConnectionKeys>,
        page: &PageRequest,
    ) -> Result<Page<ConnectionKeyDocument>> {
        let not_found = || Error::new(Code::NotFound);
        let provider = ProviderId::parse(grant.target().id()).ok_or_else(not_found)?;
        let filter = provider.to_string();
        let sealer = TokenSealer::new(
            self.page_token_key().await?,
            grant.tenant(),
            "connection_keys",
            &filter,
        );
        let after = sealer.after(page, Uuid::nil())?;
        let values = [provider.as_uuid().into(), after.into(), page.limit().into()];
        let rows = self.read_all(grant.tenant(), LIST, values).await?;
        if rows.is_empty()
            && self
                .identity_provider(grant.scope(), provider)
                .await?
                .is_none()
        {
            return Err(not_found());
        }
        let keys = rows
            .iter()
            .map(document)
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(Page::of(keys, page.size, &sealer, |key| key.id.as_uuid()))
    }
}

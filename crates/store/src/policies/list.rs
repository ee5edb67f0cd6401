//! Lists and reads policies.

use palisade_authz::{
    Authorized,
    action::{ListPolicies, ReadPolicy},
};
use palisade_envelope::Result;

use super::{PolicyDocument, document, load};
use crate::{Page, PageRequest, Store, fault::Fault, page::TokenSealer, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(
    "SELECT name, text, created_at, updated_at, revision
     FROM policies WHERE tenant_id = $1 AND name > $2 ORDER BY name LIMIT $3",
);

impl Store {
    /// A page of the tenant's policies, by name.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    pub async fn list_policies(
        &self,
        grant: &Authorized<ListPolicies>,
        page: &PageRequest,
    ) -> Result<Page<PolicyDocument>> {
        let sealer = TokenSealer::new(self.page_token_key().await?, grant.tenant(), "policies", "");
        // No name is empty.
        let after = sealer.after(page, String::new())?;
        let values = [after.into(), page.limit().into()];
        let rows = self.read_all(grant.tenant(), LIST, values).await?;
        let documents = rows
            .iter()
            .map(document)
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(Page::of(documents, page.size, &sealer, |document| {
            document.name.clone()
        }))
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

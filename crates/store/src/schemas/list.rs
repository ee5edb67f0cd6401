//! Lists and reads schemas.

use palisade_authz::{
    Authorized,
    action::{ListIdentitySchemas, ReadIdentitySchema},
};
use palisade_envelope::Result;

use super::{SchemaDocument, document, load};
use crate::{Page, PageRequest, Store, fault::Fault, page::TokenSealer, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(
    "SELECT id, document, created_at, updated_at, revision
     FROM identity_schemas WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
);

impl Store {
    /// A page of the tenant's schemas, by id.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    pub async fn list_identity_schemas(
        &self,
        grant: &Authorized<ListIdentitySchemas>,
        page: &PageRequest,
    ) -> Result<Page<SchemaDocument>> {
        let sealer = TokenSealer::new(
            self.page_token_key().await?,
            grant.tenant(),
            "identity_schemas",
            "",
        );
        // No id is empty.
        let after = sealer.after(page, String::new())?;
        let values = [after.into(), page.limit().into()];
        let rows = self.read_all(grant.tenant(), LIST, values).await?;
        let documents = rows
            .iter()
            .map(document)
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(Page::of(documents, page.size, &sealer, |document| {
            document.id.clone()
        }))
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

//! Lists and reads templates.

use palisade_authz::{
    Authorized,
    action::{ListSessionTokenTemplates, ReadSessionTokenTemplate},
};
use palisade_envelope::Result;

use super::{TemplateDocument, document, load};
use crate::{Page, PageRequest, Store, fault::Fault, page::TokenSealer, sql::TenantSql};

const LIST: TenantSql = TenantSql::new(
    "SELECT name, document, created_at, updated_at, revision
     FROM session_token_templates WHERE tenant_id = $1 AND name > $2 ORDER BY name LIMIT $3",
);

impl Store {
    /// A page of the tenant's templates, by name.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    pub async fn list_session_token_templates(
        &self,
        grant: &Authorized<ListSessionTokenTemplates>,
        page: &PageRequest,
    ) -> Result<Page<TemplateDocument>> {
        let key = self.page_token_key().await?;
        let sealer = TokenSealer::new(key, grant.tenant(), "session_token_templates", "");
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

    /// The template that is the grant's target.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn read_session_token_template(
        &self,
        grant: &Authorized<ReadSessionTokenTemplate>,
    ) -> Result<Option<TemplateDocument>> {
        Ok(load(&self.reader(grant.scope()), grant.target().id()).await?)
    }
}

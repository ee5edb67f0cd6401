//! Writes a template.

use palisade_authz::{Authorized, action::PutSessionTokenTemplate};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{SessionTokenTemplate, etag::IfMatch};
use palisade_tenancy::TenantId;

use super::{MOST_TEMPLATES, TemplateDocument, key::NewKey, load};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    job::Job,
    row::{self, Columns},
    sql::TenantSql,
    tx::TenantTx,
};

const PUT: TenantSql = TenantSql::new(
    "INSERT INTO session_token_templates (tenant_id, name, document, created_at, updated_at, revision)
     VALUES ($1, $2, $3, $4, $4, 1)
     ON CONFLICT (tenant_id, name) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at,
        revision = session_token_templates.revision + 1",
);

const COUNT: TenantSql =
    TenantSql::new("SELECT count(*) FROM session_token_templates WHERE tenant_id = $1");

impl Store {
    /// Writes the template that is the grant's target; what is stored now, and whether it is new. With a tenant's first
    /// template comes the key that signs. `expected`: only over one of these revisions.
    ///
    /// # Errors
    /// `stale_resource`; `limit_reached`.
    #[tracing::instrument(name = "store.session_token_template.put", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn put_session_token_template(
        &self,
        grant: Authorized<PutSessionTokenTemplate>,
        template: SessionTokenTemplate,
        expected: Option<IfMatch>,
    ) -> Result<(TemplateDocument, bool)> {
        let key = NewKey::generate(self.inner.clock.now())?;
        self.write(Put {
            name: grant.target().id().to_owned(),
            act: Act::of(&grant),
            template,
            expected,
            key,
        })
        .await
    }
}

struct Put {
    act: Act,
    name: String,
    template: SessionTokenTemplate,
    expected: Option<IfMatch>,
    key: NewKey,
}

impl Job for Put {
    type Output = (TemplateDocument, bool);

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(TemplateDocument, bool), Fault> {
        let values = [
            self.name.as_str().into(),
            row::json(&self.template)?,
            row::at(tx.now()),
        ];
        tx.execute(PUT, values).await?;
        // Read after the write: the row is locked now, and its revision is ours.
        let written = load(tx, &self.name)
            .await?
            .ok_or_else(|| Error::internal("the template was not written"))?;
        let before = (written.revision > 1).then_some(written.revision - 1);
        IfMatch::check_sent(self.expected.as_ref(), before)?;
        let row = tx.one(COUNT, []).await?;
        let count: Option<i64> = row.map(|row| Columns::of(&row).get()).transpose()?;
        if before.is_none() && count.unwrap_or_default() > MOST_TEMPLATES {
            let message =
                format!("a tenant has at most {MOST_TEMPLATES} templates of session tokens");
            return Err(Error::with_message(Code::LimitReached, message)
                .detail("limit", MOST_TEMPLATES)
                .into());
        }
        let act = self.act.clone();
        let act = match self.key.insert(tx).await? {
            true => act.detail("key_id", self.key.id.to_string()),
            false => act,
        };
        record(tx, [&act]).await?;
        Ok((written, before.is_none()))
    }
}

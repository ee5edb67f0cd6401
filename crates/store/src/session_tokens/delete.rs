//! Deletes a template.

use palisade_authz::{Authorized, action::DeleteSessionTokenTemplate};
use palisade_envelope::Result;
use palisade_identity::etag::IfMatch;
use palisade_tenancy::TenantId;

use super::load;
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx,
};

// Changes nothing, but keeps the row from others until the end of the transaction.
const LOCK: TenantSql = TenantSql::new(
    "UPDATE session_token_templates SET revision = revision WHERE tenant_id = $1 AND name = $2",
);

const DELETE: TenantSql =
    TenantSql::new("DELETE FROM session_token_templates WHERE tenant_id = $1 AND name = $2");

impl Store {
    /// Deletes the template that is the grant's target; `false` where it is not there. `expected`: only at one of these
    /// revisions. Tokens that were made by it stay good until they end.
    ///
    /// # Errors
    /// `stale_resource`.
    #[tracing::instrument(name = "store.session_token_template.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_session_token_template(
        &self,
        grant: Authorized<DeleteSessionTokenTemplate>,
        expected: Option<IfMatch>,
    ) -> Result<bool> {
        self.write(Delete {
            name: grant.target().id().to_owned(),
            act: Act::of(&grant),
            expected,
        })
        .await
    }
}

struct Delete {
    act: Act,
    name: String,
    expected: Option<IfMatch>,
}

impl Job for Delete {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        tx.execute(LOCK, [self.name.as_str().into()]).await?;
        let Some(before) = load(tx, &self.name).await? else {
            return Ok(false);
        };
        IfMatch::check_sent(self.expected.as_ref(), Some(before.revision))?;
        tx.execute(DELETE, [self.name.as_str().into()]).await?;
        record(tx, [&self.act]).await?;
        Ok(true)
    }
}

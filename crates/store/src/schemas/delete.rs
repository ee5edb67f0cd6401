//! Deletes a schema that no identity has.

use palisade_authz::{Authorized, action::DeleteIdentitySchema};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{change::DEFAULT_SCHEMA, etag::IfMatch};
use palisade_tenancy::TenantId;

use super::load_locked;
use crate::{
    Store, act::Act, audit::record::record, dialect::Violation, fault::Fault, job::Job,
    row::Columns, sql::TenantSql, tx::TenantTx,
};

const DELETE: TenantSql =
    TenantSql::new("DELETE FROM identity_schemas WHERE tenant_id = $1 AND id = $2");
const USED: TenantSql =
    TenantSql::new("SELECT count(*) FROM identities WHERE tenant_id = $1 AND schema_id = $2");

impl Store {
    /// Deletes the schema that is the grant's target; `false` where it is not there. `expected`: only at
    /// one of these revisions.
    ///
    /// # Errors
    /// `in_use` with `details.identities`, how many have it; `in_use` for the default schema; `stale_resource`.
    #[tracing::instrument(name = "store.identity_schema.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_identity_schema(
        &self,
        grant: Authorized<DeleteIdentitySchema>,
        expected: Option<IfMatch>,
    ) -> Result<bool> {
        self.write(Delete {
            id: grant.target().id().to_owned(),
            act: Act::of(&grant),
            expected,
        })
        .await
    }
}

struct Delete {
    act: Act,
    id: String,
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
        let Some(before) = load_locked(tx, &self.id).await? else {
            return Ok(false);
        };
        IfMatch::check_sent(self.expected.as_ref(), Some(before.revision))?;
        if self.id == DEFAULT_SCHEMA {
            let message = format!(
                "the schema `{DEFAULT_SCHEMA}` can't be deleted: it is the one of identities that name none"
            );
            return Err(Error::with_message(Code::InUse, message).into());
        }
        let used = used(tx, &self.id).await?;
        if used > 0 {
            return Err(in_use(used).into());
        }
        if tx.execute(DELETE, [self.id.as_str().into()]).await? == 0 {
            return Ok(false);
        }
        record(tx, [&self.act]).await?;
        Ok(true)
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        if fault.violation() != Some(Violation::ForeignKey) {
            return fault.into();
        }
        // Somebody took it up while it was being deleted.
        match used(tx, &self.id).await {
            Ok(used) => in_use(used.max(1)),
            Err(fault) => fault.into(),
        }
    }
}

async fn used(tx: &TenantTx<'_>, id: &str) -> Result<i64, Fault> {
    let row = tx.one(USED, [id.into()]).await?;
    let count = row.map(|row| Columns::of(&row).get()).transpose()?;
    Ok(count.unwrap_or_default())
}

fn in_use(identities: i64) -> Error {
    let have = if identities == 1 {
        "identity has"
    } else {
        "identities have"
    };
    Error::with_message(
        Code::InUse,
        format!("the schema is in use: {identities} {have} it"),
    )
    .detail("identities", identities)
}

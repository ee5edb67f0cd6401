//! Creates an identity.

use palisade_authz::{Authorized, action};
use palisade_envelope::{Error, Result};
use palisade_identity::{Identity, change::Changed};
use palisade_tenancy::TenantId;

use super::{WRITTEN, explain, index, secrets, values};
use crate::{
    Store,
    act::Act,
    audit::record,
    fault::Fault,
    job::Job,
    links::imported::{self, ImportGrants},
    tx::TenantTx,
};

impl Store {
    /// Writes a new identity, its index rows, secrets and links, and the audit rows, in one transaction. `imports`: for
    /// the links that its credentials name.
    ///
    /// # Errors
    /// `conflict`, naming every field whose value is taken; `forbidden` for links without grants.
    #[tracing::instrument(name = "store.identity.create", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn create_identity(
        &self,
        grant: Authorized<action::CreateIdentity>,
        changed: Changed,
        imports: Option<ImportGrants>,
    ) -> Result<Identity> {
        if let Some(imports) = &imports {
            imports.check(grant.tenant(), changed.identity.id)?;
        }
        self.write(Create {
            act: Act::of(&grant).on("Identity", changed.identity.id),
            changed,
            imports,
        })
        .await
    }
}

struct Create {
    act: Act,
    changed: Changed,
    imports: Option<ImportGrants>,
}

impl Job for Create {
    type Output = Identity;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        self.imports.as_ref().and_then(ImportGrants::changes)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Identity, Fault> {
        let Changed { identity, secrets } = &self.changed;
        let mut row = vec![identity.id.as_uuid().into()];
        row.extend(values(identity)?);
        let columns: Vec<&str> = std::iter::once("id")
            .chain(WRITTEN.iter().copied())
            .collect();
        let statements = tx
            .insertion("identities", &columns, [row])
            .into_iter()
            .chain(index::insertions(tx, identity))
            .chain(secrets::insertion(tx, identity.id, secrets))
            .chain(record::statement(tx, [&self.act])?);
        tx.together(statements).await?;
        let links = palisade_linking::imported::plan(identity);
        let made = imported::link(tx, identity, &links, self.imports.as_ref()).await?;
        record::record(tx, &made).await?;
        Ok(identity.clone())
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        explain(tx, &self.changed.identity, fault).await
    }
}

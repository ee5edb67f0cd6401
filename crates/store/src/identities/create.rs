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
    sql::Bound,
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
        let act = Act::of(&grant).on("Identity", changed.identity.id);
        // Put together here, by the request's own thread: on SQLite all writes wait for the one that writes.
        let statements = statements(&self.reader_of(act.tenant), &act, &changed)?;
        self.write(Create {
            act,
            changed,
            statements,
            imports,
        })
        .await
    }
}

/// What writes the row of a new identity, its index rows and secrets, and the audit row, in as few round trips as the
/// database allows.
fn statements(tx: &TenantTx<'_>, act: &Act, changed: &Changed) -> Result<Vec<Bound>, Fault> {
    let statements = insertions(tx, changed)?.chain(record::statement(tx, [act])?);
    Ok(tx.joined(statements))
}

/// The statements that write the row of a new identity, its index rows and secrets.
pub(crate) fn insertions(
    tx: &TenantTx<'_>,
    changed: &Changed,
) -> Result<impl Iterator<Item = Bound>, Fault> {
    let Changed { identity, secrets } = changed;
    let mut row = vec![identity.id.as_uuid().into()];
    row.extend(values(identity)?);
    let columns: Vec<&str> = std::iter::once("id")
        .chain(WRITTEN.iter().copied())
        .collect();
    Ok(tx
        .insertion("identities", &columns, [row])
        .into_iter()
        .chain(index::insertions(tx, identity))
        .chain(secrets::insertion(tx, identity.id, secrets)))
}

/// Writes a new identity as part of another work. Links and audit rows are the caller's.
pub(crate) async fn write(tx: &TenantTx<'_>, changed: &Changed) -> Result<(), Fault> {
    tx.together(insertions(tx, changed)?).await
}

struct Create {
    act: Act,
    changed: Changed,
    statements: Vec<Bound>,
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

    fn prepared(&self) -> &[Bound] {
        &self.statements
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Identity, Fault> {
        let identity = &self.changed.identity;
        let links = palisade_linking::imported::plan(identity);
        let made = imported::link(tx, identity, &links, self.imports.as_ref()).await?;
        record::record(tx, &made).await?;
        Ok(identity.clone())
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        explain(tx, &self.changed.identity, fault).await
    }
}

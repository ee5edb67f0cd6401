//! Writes the next state of an identity.

use palisade_authz::{Authorized, action};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{Identity, State, change::Changed};
use palisade_linking::imported::{plan, without};
use palisade_tenancy::TenantId;

use super::{explain, identity, index, load::BY_ID, secrets, values};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    job::Job,
    links::imported::{self, ImportGrants},
    sessions,
    sql::TenantSql,
    tx::TenantTx,
};

const UPDATE: TenantSql = TenantSql::new(
    "UPDATE identities SET external_id = $4, schema_id = $5, state = $6, state_changed_at = $7, traits = $8,
        credentials = $9, verifiable_addresses = $10, recovery_addresses = $11, metadata_public = $12,
        metadata_admin = $13, organization_id = $14, created_at = $15, updated_at = $16, revision = $17
     WHERE tenant_id = $1 AND id = $2 AND revision = $3",
);

impl Store {
    /// Writes the next state of the identity that is the grant's target, if it is still at `base_revision`. `imports`:
    /// for the links that its credentials name newly.
    ///
    /// # Errors
    /// `not_found`; `forbidden` for new links without grants; `stale_resource` when it has changed meanwhile; `conflict`,
    /// naming every field whose value is taken.
    #[tracing::instrument(name = "store.identity.update", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn update_identity(
        &self,
        grant: Authorized<action::UpdateIdentity>,
        base_revision: i64,
        changed: Changed,
        imports: Option<ImportGrants>,
    ) -> Result<Identity> {
        if changed.identity.id != grant.target().id {
            return Err(Error::internal(
                "the change is of another identity than the grant",
            ));
        }
        if let Some(imports) = &imports {
            imports.check(grant.tenant(), changed.identity.id)?;
        }
        self.write(Update {
            act: Act::of(&grant),
            base_revision,
            changed,
            imports,
        })
        .await
    }
}

struct Update {
    act: Act,
    base_revision: i64,
    changed: Changed,
    imports: Option<ImportGrants>,
}

impl Job for Update {
    type Output = Identity;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        self.imports.as_ref().and_then(ImportGrants::changes)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Identity, Fault> {
        let before = write(tx, self.base_revision, &self.changed).await?;
        let after = &self.changed.identity;
        let (old, new) = (plan(&before), plan(after));
        imported::unlink(tx, &self.act, false, after.id, &without(&old, &new)).await?;
        let added = without(&new, &old);
        let made = imported::link(tx, after, &added, self.imports.as_ref()).await?;
        record(tx, std::iter::once(&self.act).chain(&made)).await?;
        Ok(after.clone())
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        explain(tx, &self.changed.identity, fault).await
    }
}

/// Writes row, index rows and secrets; the state before. Links are the caller's.
pub(crate) async fn write(
    tx: &TenantTx<'_>,
    base_revision: i64,
    changed: &Changed,
) -> Result<Identity, Fault> {
    let Changed {
        identity: after,
        secrets,
    } = changed;
    let stale = || Error::new(Code::StaleResource);
    let row = tx
        .one(BY_ID, [after.id.as_uuid().into()])
        .await?
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let before = identity(&row)?;
    if before.revision != base_revision {
        return Err(stale().into());
    }
    let mut bound = vec![after.id.as_uuid().into(), base_revision.into()];
    bound.extend(values(after)?);
    // The revision once more: on PostgreSQL another transaction may have committed since the row was read.
    if tx.execute(UPDATE, bound).await? == 0 {
        return Err(stale().into());
    }
    if before.state == State::Active && after.state == State::Inactive {
        sessions::end_of(tx, after.id).await?;
    }
    index::update(tx, &before, after).await?;
    secrets::write(tx, after.id, secrets).await?;
    Ok(before)
}

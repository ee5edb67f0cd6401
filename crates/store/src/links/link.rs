//! Links an external identity to an identity, as a plan says.

use palisade_authz::{Authorized, action::LinkExternalIdentity};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{Email, ExternalIdentity, LinkId, LinkedBy, change::Changed};
use palisade_linking::{LinkPlan, manual::Happened};
use palisade_tenancy::TenantId;

use super::{
    account::account,
    history::{Note, note},
    load::BY_SUBJECT,
};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    identities::{explain, update},
    job::Job,
    row,
    sql::TenantSql,
    tx::TenantTx,
};

// One that is known and linked to nobody is taken over; one that was linked meanwhile is not, nor one that was rejected.
const LINK: TenantSql = TenantSql::new(
    "INSERT INTO external_identities (tenant_id, id, identity_id, provider_id, external_id, external_username,
        external_email, external_display_name, linked_by, email_normal, last_synced_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
     ON CONFLICT (tenant_id, provider_id, external_id) DO UPDATE SET
        identity_id = excluded.identity_id, linked_by = excluded.linked_by, updated_at = excluded.updated_at,
        external_username = coalesce(excluded.external_username, external_identities.external_username),
        external_email = coalesce(excluded.external_email, external_identities.external_email),
        external_display_name =
            coalesce(excluded.external_display_name, external_identities.external_display_name),
        email_normal = coalesce(excluded.email_normal, external_identities.email_normal),
        last_synced_at = coalesce(excluded.last_synced_at, external_identities.last_synced_at),
        why = NULL, revision = external_identities.revision + 1
     WHERE external_identities.identity_id IS NULL AND external_identities.rejected_at IS NULL",
);

/// Writes the identity's next state and the link to it. History and audit are the caller's.
pub(super) async fn link(
    tx: &TenantTx<'_>,
    base_revision: i64,
    plan: &LinkPlan,
    changed: &Changed,
) -> Result<ExternalIdentity, Fault> {
    // First, so that what stands in the way is named, and not what follows from it.
    free(tx, plan).await?;
    update::write(tx, base_revision, changed).await?;
    write(tx, plan).await
}

/// Refuses an account that is linked, or rejected.
async fn free(tx: &TenantTx<'_>, plan: &LinkPlan) -> Result<(), Fault> {
    let key = [plan.provider().as_uuid().into(), plan.external_id().into()];
    let Some(row) = tx.one(BY_SUBJECT, key).await? else {
        return Ok(());
    };
    let account = account(&row)?;
    match (account.external.user_id, account.rejected_at) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Error::new(Code::LinkRejected).into()),
        (Some(_), _) => Err(Error::new(Code::AlreadyLinked).into()),
    }
}

/// Writes the link alone.
pub(super) async fn write(tx: &TenantTx<'_>, plan: &LinkPlan) -> Result<ExternalIdentity, Fault> {
    let email = plan.email().and_then(Email::parse);
    // An admin's word is not the provider's.
    let synced = (plan.linked_by() != LinkedBy::Manual).then(|| tx.now());
    let values = [
        LinkId::generate(tx.now()).as_uuid().into(),
        plan.user().as_uuid().into(),
        plan.provider().as_uuid().into(),
        plan.external_id().into(),
        row::maybe_text(plan.username()),
        row::maybe_text(plan.email()),
        row::maybe_text(plan.display_name()),
        plan.linked_by().as_str().into(),
        row::maybe_text(email.as_ref().map(Email::as_str)),
        row::maybe_at(synced),
        row::at(tx.now()),
    ];
    let written = tx.execute(LINK, values).await? > 0;
    let key = [plan.provider().as_uuid().into(), plan.external_id().into()];
    let row = tx
        .one(BY_SUBJECT, key)
        .await?
        .ok_or_else(|| Error::internal("the link was not written"))?;
    if written {
        Ok(account(&row)?.external)
    } else {
        Err(Error::new(Code::AlreadyLinked).into())
    }
}

impl Store {
    /// Links as planned, and writes the identity's next state, in which the credential shows the link. The identity
    /// must still be at `base_revision`.
    ///
    /// # Errors
    /// `already_linked` when somebody was faster; `not_found`, `stale_resource`, `conflict` as for a change of the
    /// identity.
    #[tracing::instrument(name = "store.external_identity.link", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn link_external_identity(
        &self,
        grant: Authorized<LinkExternalIdentity>,
        base_revision: i64,
        plan: LinkPlan,
        changed: Changed,
    ) -> Result<ExternalIdentity> {
        let target = grant.target().id;
        if changed.identity.id != target || plan.user() != target {
            return Err(Error::internal(
                "the plan or the change is of another identity than the grant",
            ));
        }
        self.write(Link {
            act: Act::of(&grant),
            base_revision,
            plan,
            changed,
        })
        .await
    }
}

struct Link {
    act: Act,
    base_revision: i64,
    plan: LinkPlan,
    changed: Changed,
}

impl Job for Link {
    type Output = ExternalIdentity;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<ExternalIdentity, Fault> {
        let linked = link(tx, self.base_revision, &self.plan, &self.changed).await?;
        let event = Note::of(Happened::Linked, linked.user_id, linked.linked_by);
        note(tx, &self.act, linked.id, &event).await?;
        record(tx, [&self.act]).await?;
        Ok(linked)
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        explain(tx, &self.changed.identity, fault).await
    }
}

//! Takes a link away and keeps the external identity, rejects it, and takes both back.

use palisade_authz::{
    Authorized,
    action::{ResolveExternalIdentity, UnlinkExternalIdentity},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{LinkId, change::Changed};
use palisade_linking::{
    UnlinkPlan, Why,
    manual::{Happened, MarkPlan},
};
use palisade_tenancy::TenantId;

use super::{
    account::{Account, BY_ID, account},
    history::{Note, note},
};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    identities::{explain, update},
    job::Job,
    row,
    scim::leave_groups,
    sql::TenantSql,
    tx::TenantTx,
};

const RELEASE: TenantSql = TenantSql::new(
    "UPDATE external_identities SET identity_id = NULL, why = $4, rejected_at = NULL, updated_at = $5, revision = revision + 1
     WHERE tenant_id = $1 AND id = $2 AND identity_id = $3",
);

// What a connection provisions, it does so through its link: without it, it is as absent to it as anybody else.
const PROVISIONED: TenantSql = TenantSql::new(
    "SELECT u.provider_id FROM external_identities x
     JOIN scim_users u ON u.tenant_id = x.tenant_id AND u.provider_id = x.provider_id AND u.identity_id = x.identity_id
     WHERE x.tenant_id = $1 AND x.id = $2 AND x.identity_id = $3 AND x.linked_by = 'scim'",
);
const FORGET: TenantSql =
    TenantSql::new("DELETE FROM scim_users WHERE tenant_id = $1 AND identity_id = $2");

const MARK: TenantSql = TenantSql::new(
    "UPDATE external_identities SET rejected_at = $4, updated_at = $5, revision = revision + 1
     WHERE tenant_id = $1 AND id = $2 AND identity_id IS NULL AND revision = $3",
);

impl Store {
    /// Takes the link away as planned and writes the identity's next state, in which no credential shows it; the external
    /// identity waits in the queue. `None` where the link is gone already. The identity must still be at the revision that
    /// the change was made from.
    ///
    /// # Errors
    /// `not_found`, `stale_resource`, `conflict` as for a change of the identity.
    #[tracing::instrument(name = "store.external_identity.release", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn release_external_identity(
        &self,
        grant: Authorized<UnlinkExternalIdentity>,
        plan: UnlinkPlan,
        changed: Changed,
    ) -> Result<Option<Account>> {
        let act = Act::of(&grant);
        self.unlink_and_keep(act, grant.target().id, plan, changed, false)
            .await
    }

    /// The same, as what takes a link back.
    ///
    /// # Errors
    /// As [`Store::release_external_identity`].
    pub async fn undo_link(
        &self,
        grant: Authorized<ResolveExternalIdentity>,
        leave: Authorized<UnlinkExternalIdentity>,
        plan: UnlinkPlan,
        changed: Changed,
    ) -> Result<Option<Account>> {
        if leave.target().id != grant.target().id || leave.tenant() != grant.tenant() {
            return Err(Error::internal("the grants are on two links"));
        }
        let act = Act::of(&leave).detail("undo", true);
        self.unlink_and_keep(act, grant.target().id, plan, changed, true)
            .await
    }

    async fn unlink_and_keep(
        &self,
        act: Act,
        target: LinkId,
        plan: UnlinkPlan,
        changed: Changed,
        undo: bool,
    ) -> Result<Option<Account>> {
        if plan.link() != target || changed.identity.id != plan.user() {
            return Err(Error::internal(
                "the plan or the change is of another link than the grant",
            ));
        }
        let act = act.detail("user_id", plan.user().to_string());
        let act = if plan.forced() {
            act.detail("forced", true)
        } else {
            act
        };
        self.write(Release {
            act,
            plan,
            changed,
            undo,
        })
        .await
    }

    /// Rejects an external identity that is linked to nobody, or takes that back, if it is still what the plan was made of.
    ///
    /// # Errors
    /// `stale_resource` where it has changed; `not_found` where it is gone.
    #[tracing::instrument(name = "store.external_identity.mark", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn mark_external_identity(
        &self,
        grant: Authorized<ResolveExternalIdentity>,
        revision: i64,
        plan: MarkPlan,
    ) -> Result<Account> {
        if plan.link() != grant.target().id {
            return Err(Error::internal(
                "the plan is of another link than the grant",
            ));
        }
        let outcome = if plan.rejects() { "rejected" } else { "queued" };
        let act = Act::of(&grant).detail("outcome", outcome);
        self.write(Mark {
            act,
            revision,
            plan,
        })
        .await
    }
}

struct Release {
    act: Act,
    plan: UnlinkPlan,
    changed: Changed,
    undo: bool,
}

impl Job for Release {
    type Output = Option<Account>;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Option<Account>, Fault> {
        let plan = &self.plan;
        let key = [plan.link().as_uuid().into(), plan.user().as_uuid().into()];
        if tx.one(PROVISIONED, key).await?.is_some() {
            leave_groups(tx, [plan.user()]).await?;
            tx.execute(FORGET, [plan.user().as_uuid().into()]).await?;
        }
        let values = [
            plan.link().as_uuid().into(),
            plan.user().as_uuid().into(),
            Why::Returned.as_str().into(),
            row::at(tx.now()),
        ];
        if tx.execute(RELEASE, values).await? == 0 {
            return Ok(None);
        }
        update::write(tx, self.changed.identity.revision - 1, &self.changed).await?;
        let event = Note {
            why: Some(Why::Returned),
            forced: plan.forced(),
            undo: self.undo,
            ..Note::of(Happened::Unlinked, Some(plan.user()), plan.linked_by())
        };
        note(tx, &self.act, plan.link(), &event).await?;
        record(tx, [&self.act]).await?;
        load(tx, plan.link()).await.map(Some)
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        explain(tx, &self.changed.identity, fault).await
    }
}

struct Mark {
    act: Act,
    revision: i64,
    plan: MarkPlan,
}

impl Job for Mark {
    type Output = Account;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Account, Fault> {
        let rejected = self.plan.rejects().then(|| tx.now());
        let values = [
            self.plan.link().as_uuid().into(),
            self.revision.into(),
            row::maybe_at(rejected),
            row::at(tx.now()),
        ];
        if tx.execute(MARK, values).await? == 0 {
            return Err(Error::new(Code::StaleResource).into());
        }
        let account = load(tx, self.plan.link()).await?;
        let happened = if self.plan.rejects() {
            Happened::Rejected
        } else {
            Happened::Queued
        };
        let event = Note {
            why: account.why,
            undo: !self.plan.rejects(),
            ..Note::of(happened, None, account.external.linked_by)
        };
        note(tx, &self.act, self.plan.link(), &event).await?;
        record(tx, [&self.act]).await?;
        Ok(account)
    }
}

/// The external identity as it is in this transaction, without candidates.
pub(super) async fn load(tx: &TenantTx<'_>, id: LinkId) -> Result<Account, Fault> {
    let row = tx
        .one(BY_ID, [id.as_uuid().into()])
        .await?
        .ok_or_else(|| Error::new(Code::NotFound))?;
    account(&row)
}

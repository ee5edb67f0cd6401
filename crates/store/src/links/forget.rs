//! Deletes external identities that are linked to nobody, with what was decided of them.

use palisade_authz::{Authorized, action::ResolveExternalIdentity};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::LinkId;
use palisade_linking::manual::{ForgetPlan, Happened};
use palisade_tenancy::TenantId;

use super::{
    account::{BY_ID, account},
    history::{Note, note},
};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx,
};

const FORGET: TenantSql = TenantSql::new(
    "DELETE FROM external_identities WHERE tenant_id = $1 AND id = $2 AND identity_id IS NULL AND revision = $3",
);

impl Store {
    /// Deletes an external identity that is linked to nobody, if it is still what the plan was made of; its history stays.
    ///
    /// # Errors
    /// `stale_resource` where it has changed or is gone.
    #[tracing::instrument(name = "store.external_identity.forget", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn forget_external_identity(
        &self,
        grant: Authorized<ResolveExternalIdentity>,
        revision: i64,
        plan: ForgetPlan,
    ) -> Result<()> {
        if plan.link() != grant.target().id {
            return Err(Error::internal(
                "the plan is of another link than the grant",
            ));
        }
        self.write(Forget {
            act: Act::of(&grant).detail("outcome", "forgotten"),
            revision,
            link: plan.link(),
        })
        .await
    }
}

struct Forget {
    act: Act,
    revision: i64,
    link: LinkId,
}

impl Job for Forget {
    type Output = ();

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        let stale = || Fault::from(Error::new(Code::StaleResource));
        let id = self.link.as_uuid();
        let row = tx.one(BY_ID, [id.into()]).await?.ok_or_else(stale)?;
        let account = account(&row)?;
        if tx
            .execute(FORGET, [id.into(), self.revision.into()])
            .await?
            == 0
        {
            return Err(stale());
        }
        let event = Note {
            why: account.why,
            ..Note::of(Happened::Forgotten, None, account.external.linked_by)
        };
        note(tx, &self.act, self.link, &event).await?;
        record(tx, [&self.act]).await
    }
}

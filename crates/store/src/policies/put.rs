//! Writes a policy.

use palisade_authz::{Authorized, StoredPolicy, ValidPolicy, action::PutPolicy};
use palisade_envelope::{Error, Result};
use palisade_identity::etag::IfMatch;
use palisade_tenancy::TenantId;

use super::{Check, PolicyDocument, check, load, raise_version};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row, sql::TenantSql,
    tx::TenantTx,
};

const PUT: TenantSql = TenantSql::new(
    "INSERT INTO policies (tenant_id, name, text, created_at, updated_at, revision) VALUES ($1, $2, $3, $4, $4, 1)
     ON CONFLICT (tenant_id, name) DO UPDATE SET
        text = excluded.text, updated_at = excluded.updated_at, revision = policies.revision + 1",
);

impl Store {
    /// Writes the policy that is the grant's target; what is stored now, and whether it is new. `check` is shown the
    /// tenant's policies as they would be, inside the transaction (`Gate::check_lockout`); where it refuses, nothing
    /// changes. `expected`: only over one of these revisions.
    ///
    /// # Errors
    /// What `check` says; `stale_resource`.
    #[tracing::instrument(name = "store.policy.put", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn put_policy(
        &self,
        grant: Authorized<PutPolicy>,
        policy: ValidPolicy,
        expected: Option<IfMatch>,
        check: impl Fn(&[StoredPolicy]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<(PolicyDocument, bool)> {
        if policy.name() != grant.target().id() {
            return Err(Error::internal(
                "the policy was validated under another name than it was allowed for",
            ));
        }
        self.write(Put {
            act: Act::of(&grant),
            policy,
            expected,
            check: Box::new(check),
        })
        .await
    }
}

struct Put {
    act: Act,
    policy: ValidPolicy,
    expected: Option<IfMatch>,
    check: Check,
}

impl Job for Put {
    type Output = (PolicyDocument, bool);

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(PolicyDocument, bool), Fault> {
        raise_version(tx).await?;
        let before = load(tx, self.policy.name()).await?;
        let revision = before.as_ref().map(|document| document.revision);
        IfMatch::check_sent(self.expected.as_ref(), revision)?;
        let values = [
            self.policy.name().into(),
            self.policy.text().into(),
            row::at(tx.now()),
        ];
        tx.execute(PUT, values).await?;
        check(tx, &self.check).await?;
        record(tx, [&self.act]).await?;
        let document = PolicyDocument {
            name: self.policy.name().to_owned(),
            policy: self.policy.text().into(),
            created_at: before
                .as_ref()
                .map_or(tx.now(), |document| document.created_at),
            updated_at: tx.now(),
            revision: revision.unwrap_or(0) + 1,
        };
        Ok((document, before.is_none()))
    }
}

//! Puts a stronger hash in the place of a password's.

use palisade_authz::{Authorized, action::VerifyPassword};
use palisade_envelope::Result;
use palisade_identity::{CredentialType, IdentityId, Secret};
use palisade_tenancy::TenantId;

use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, sql::TenantSql, tx::TenantTx,
};

// Only where the hash is still the one that was checked: a password that was set meanwhile stays.
const REHASH: TenantSql = TenantSql::new(
    "UPDATE identity_secrets SET config = $5
     WHERE tenant_id = $1 AND identity_id = $2 AND type = $3 AND config = $4",
);

impl Store {
    /// Writes `new` over the secret part of the identity's password if that is still `old`; whether it was. The identity
    /// keeps its revision: nothing of it that callers see has changed.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.credential.rehash", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn rehash_password(
        &self,
        grant: Authorized<VerifyPassword>,
        old: Secret,
        new: Secret,
    ) -> Result<bool> {
        self.write(Rehash {
            act: Act::of(&grant),
            id: grant.target().id,
            old,
            new,
        })
        .await
    }
}

struct Rehash {
    act: Act,
    id: IdentityId,
    old: Secret,
    new: Secret,
}

impl Job for Rehash {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let values = [
            self.id.as_uuid().into(),
            CredentialType::Password.as_str().into(),
            self.old.reveal().as_str().into(),
            self.new.reveal().as_str().into(),
        ];
        let done = tx.execute(REHASH, values).await? > 0;
        if done {
            record(tx, [&self.act]).await?;
        }
        Ok(done)
    }
}

//! Notes that an import is done with its last row.

use palisade_authz::{Authorized, action::BatchIdentities};
use palisade_envelope::Result;
use palisade_tenancy::TenantId;

use super::{step::overtaken, value};
use crate::{Store, fault::Fault, job::Job, row, sql::TenantSql, tx::TenantTx};

const FINISH: TenantSql = TenantSql::new(
    "UPDATE imports SET finished_at = $4, updated_at = $4
     WHERE tenant_id = $1 AND fingerprint = $2 AND rows_done = $3 AND finished_at IS NULL",
);

impl Store {
    /// Notes that the import is done with its last row, the one of this number.
    ///
    /// # Errors
    /// `stale_resource` where another has changed it meanwhile.
    #[tracing::instrument(name = "store.import.finish", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn finish_import(
        &self,
        grant: Authorized<BatchIdentities>,
        fingerprint: [u8; 32],
        rows_done: u64,
    ) -> Result<()> {
        self.write(Finish {
            tenant: grant.tenant(),
            fingerprint,
            rows_done,
        })
        .await
    }
}

struct Finish {
    tenant: TenantId,
    fingerprint: [u8; 32],
    rows_done: u64,
}

impl Job for Finish {
    type Output = ();

    fn tenant(&self) -> TenantId {
        self.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        let values = [
            self.fingerprint.to_vec().into(),
            value(self.rows_done),
            row::at(tx.now()),
        ];
        if tx.execute(FINISH, values).await? == 1 {
            Ok(())
        } else {
            Err(overtaken().into())
        }
    }
}

//! Begins an import, or finds how far it has come.

use palisade_authz::{Authorized, action::BatchIdentities};
use palisade_envelope::{Error, Result};
use palisade_tenancy::TenantId;

use super::{ImportProgress, columns, progress, value};
use crate::{Store, fault::Fault, job::Job, row, sql::TenantSql, tx::TenantTx};

const COLUMNS: &[&str] = &[
    "fingerprint",
    "rejected_file",
    "rows_done",
    "created",
    "conflicts",
    "rejected",
    "rejected_bytes",
    "started_at",
    "updated_at",
];

const ONE: TenantSql = TenantSql::new(concat!(
    "SELECT ",
    columns!(),
    " FROM imports WHERE tenant_id = $1 AND fingerprint = $2"
));

const AGAIN: TenantSql = TenantSql::new(
    "UPDATE imports SET rejected_file = $3, rows_done = 0, created = 0, conflicts = 0, rejected = 0, rejected_bytes = 0,
        started_at = $4, updated_at = $4, finished_at = NULL
     WHERE tenant_id = $1 AND fingerprint = $2 AND finished_at IS NOT NULL",
);

/// An import that is to begin or to go on.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// SHA-256 of the file and of how it is read.
    pub fingerprint: [u8; 32],
    /// Where refused rows are to be written to, where the import is a new one.
    pub rejected_file: String,
    /// Whether one that is finished begins anew.
    pub again: bool,
}

impl Store {
    /// How far the import of this fingerprint has come in the tenant, if there is one.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn find_import(
        &self,
        grant: &Authorized<BatchIdentities>,
        fingerprint: [u8; 32],
    ) -> Result<Option<ImportProgress>> {
        let values = [fingerprint.to_vec().into()];
        let row = self.read_one(grant.tenant(), ONE, values).await?;
        Ok(row.map(|row| progress(&row)).transpose()?)
    }

    /// Begins the import, or tells how far it has come.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.import.begin", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn begin_import(
        &self,
        grant: Authorized<BatchIdentities>,
        request: ImportRequest,
    ) -> Result<ImportProgress> {
        let tenant = grant.tenant();
        self.write(Begin { tenant, request }).await
    }
}

struct Begin {
    tenant: TenantId,
    request: ImportRequest,
}

impl Job for Begin {
    type Output = ImportProgress;

    fn tenant(&self) -> TenantId {
        self.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<ImportProgress, Fault> {
        let request = &self.request;
        let fingerprint = || request.fingerprint.to_vec().into();
        let file = || request.rejected_file.as_str().into();
        let mut values = vec![fingerprint(), file()];
        values.extend((0..5).map(|_| value(0)));
        values.extend([row::at(tx.now()), row::at(tx.now())]);
        // One that is there is written, too: where the last batch of a run that was killed is still committing, this waits
        // for its end, and what is read then is how far the import has come.
        let rest =
            "ON CONFLICT (tenant_id, fingerprint) DO UPDATE SET updated_at = excluded.updated_at";
        tx.upsert("imports", COLUMNS, [values], rest).await?;
        if request.again {
            tx.execute(AGAIN, [fingerprint(), file(), row::at(tx.now())])
                .await?;
        }
        match tx.one(ONE, [fingerprint()]).await? {
            Some(row) => progress(&row),
            None => Err(Error::internal("an import was written and is not there").into()),
        }
    }
}

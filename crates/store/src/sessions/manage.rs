//! Ends or deletes many sessions at once.

use std::collections::BTreeSet;

use palisade_authz::{Authorized, action::ManageSessions};
use palisade_envelope::Result;
use palisade_identity::{IdentityId, SessionId, ids::Uuid};
use palisade_tenancy::TenantId;

use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row::Columns, sql::TenantSql,
    tx::TenantTx,
};

/// How many sessions one call ends or deletes where all of the tenant are meant.
const BATCH: u64 = 1_000;

const DISABLE_SESSIONS: TenantSql = TenantSql::new(
    "UPDATE sessions SET enabled = 0 WHERE tenant_id = $1 AND enabled = 1 AND id IN ({list})
     RETURNING id, identity_id",
);
const DELETE_SESSIONS: TenantSql = TenantSql::new(
    "DELETE FROM sessions WHERE tenant_id = $1 AND id IN ({list}) RETURNING id, identity_id",
);
const DISABLE_OF_IDENTITIES: TenantSql = TenantSql::new(
    "UPDATE sessions SET enabled = 0 WHERE tenant_id = $1 AND enabled = 1 AND identity_id IN ({list})
     RETURNING identity_id",
);
const DELETE_OF_IDENTITIES: TenantSql = TenantSql::new(
    "DELETE FROM sessions WHERE tenant_id = $1 AND identity_id IN ({list}) RETURNING identity_id",
);
const DISABLE_ALL: TenantSql = TenantSql::new(
    "UPDATE sessions SET enabled = 0 WHERE tenant_id = $1 AND enabled = 1 AND id IN (
        SELECT p.id FROM sessions p WHERE p.tenant_id = $1 AND p.enabled = 1 ORDER BY p.id LIMIT 1000
     )",
);
const DELETE_ALL: TenantSql = TenantSql::new(
    "DELETE FROM sessions WHERE tenant_id = $1 AND id IN (
        SELECT p.id FROM sessions p WHERE p.tenant_id = $1 ORDER BY p.id LIMIT 1000
     )",
);

/// What is done to the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bulk {
    /// They stop to count; their rows stay.
    Disable,
    /// Their rows go.
    Delete,
}

/// Which sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of the tenant, a thousand at a call.
    Everything,
    /// All of these identities.
    Identities(Vec<IdentityId>),
    /// These.
    Sessions(Vec<SessionId>),
}

impl Store {
    /// Ends or deletes sessions. How many: of those to be ended only the ones that had not been; and whether there may
    /// be more of them. The audit trail names each identity or session of an explicit list that something was done to.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.manage", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn manage_sessions(
        &self,
        grant: Authorized<ManageSessions>,
        bulk: Bulk,
        reach: Reach,
    ) -> Result<(u64, bool)> {
        self.write(Manage {
            act: Act::of(&grant),
            bulk,
            reach,
        })
        .await
    }
}

struct Manage {
    act: Act,
    bulk: Bulk,
    reach: Reach,
}

impl Job for Manage {
    type Output = (u64, bool);

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(u64, bool), Fault> {
        let listed = match (&self.reach, self.bulk) {
            (Reach::Everything, bulk) => {
                let sql = match bulk {
                    Bulk::Disable => DISABLE_ALL,
                    Bulk::Delete => DELETE_ALL,
                };
                let done = tx.execute(sql, []).await?;
                if done > 0 {
                    record(tx, [&self.act]).await?;
                }
                return Ok((done, done >= BATCH));
            }
            (Reach::Identities(ids), bulk) => {
                let sql = match bulk {
                    Bulk::Disable => DISABLE_OF_IDENTITIES,
                    Bulk::Delete => DELETE_OF_IDENTITIES,
                };
                let list = ids.iter().map(|id| id.as_uuid().into());
                ("Identity", tx.write_listed(sql, list).await?)
            }
            (Reach::Sessions(ids), bulk) => {
                let sql = match bulk {
                    Bulk::Disable => DISABLE_SESSIONS,
                    Bulk::Delete => DELETE_SESSIONS,
                };
                let list = ids.iter().map(|id| id.as_uuid().into());
                ("Session", tx.write_listed(sql, list).await?)
            }
        };
        let (kind, rows) = listed;
        let touched = rows
            .iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                let id = columns.get()?;
                let identity = (kind == "Session").then(|| columns.get()).transpose()?;
                Ok((id, identity))
            })
            .collect::<Result<BTreeSet<(Uuid, Option<Uuid>)>, Fault>>()?;
        let acts: Vec<Act> = touched
            .into_iter()
            .map(|(id, identity)| {
                let act = self.act.clone().on(kind, id);
                match identity {
                    Some(identity) => act.detail("identity_id", identity.to_string()),
                    None => act,
                }
            })
            .collect();
        record(tx, &acts).await?;
        Ok((u64::try_from(rows.len()).unwrap_or(u64::MAX), false))
    }
}

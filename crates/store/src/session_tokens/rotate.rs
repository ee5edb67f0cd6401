//! Rotates the key that signs.

use std::time::Duration;

use palisade_authz::{Authorized, action::RotateSessionTokenKey};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::Timestamp;
use palisade_tenancy::TenantId;

use super::key::{NewKey, SigningKeyId};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    job::Job,
    row::{self, Columns},
    sql::TenantSql,
    tx::TenantTx,
};

/// How many retired keys a tenant can have among its public ones.
const MOST_RETIRED: usize = 20;

const FORGET: TenantSql =
    TenantSql::new("DELETE FROM session_token_keys WHERE tenant_id = $1 AND expires_at <= $2");

// What is retired signs nothing any more, wherever the row is read.
const RETIRE: TenantSql = TenantSql::new(
    "UPDATE session_token_keys SET private_key = NULL, expires_at = $2
     WHERE tenant_id = $1 AND (expires_at IS NULL OR expires_at > $2)",
);

const RETIRED: TenantSql = TenantSql::new(
    "SELECT id, expires_at FROM session_token_keys
     WHERE tenant_id = $1 AND expires_at IS NOT NULL AND expires_at > $2 ORDER BY id DESC",
);

/// A key whose tokens are still good for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetiredKey {
    /// The key.
    pub id: SigningKeyId,
    /// From this on it is not among the public keys.
    pub expires_at: Timestamp,
}

/// What came of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotatedSigningKey {
    /// The key that signs now.
    pub id: SigningKeyId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Those before it, the newest first.
    pub retired: Vec<RetiredKey>,
}

impl Store {
    /// Has tokens signed with a new key. The old ones lose their private part at once and stay among the public keys for
    /// `overlap` at most, those that were retired before as well.
    ///
    /// # Errors
    /// `limit_reached` where too many old ones are still there, `conflict` where another rotation is made at the same time.
    #[tracing::instrument(name = "store.session_token_key.rotate", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn rotate_session_token_key(
        &self,
        grant: Authorized<RotateSessionTokenKey>,
        overlap: Duration,
    ) -> Result<RotatedSigningKey> {
        let key = NewKey::generate(self.inner.clock.now())?;
        self.write(Rotate {
            act: Act::of(&grant)
                .detail("key_id", key.id.to_string())
                .detail("overlap_seconds", overlap.as_secs()),
            overlap,
            key,
        })
        .await
    }
}

struct Rotate {
    act: Act,
    overlap: Duration,
    key: NewKey,
}

impl Job for Rotate {
    type Output = RotatedSigningKey;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<RotatedSigningKey, Fault> {
        let now = || row::at(tx.now());
        tx.execute(FORGET, [now()]).await?;
        tx.execute(RETIRE, [row::at(tx.now() + self.overlap)])
            .await?;
        if !self.key.insert(tx).await? {
            let message = "the key is being rotated by others at the same time; try again";
            return Err(Error::with_message(Code::Conflict, message).into());
        }
        let mut retired = Vec::new();
        for row in tx.all(RETIRED, [now()]).await? {
            let mut columns = Columns::of(&row);
            retired.push(RetiredKey {
                id: SigningKeyId::from_uuid(columns.get()?),
                expires_at: columns.time()?,
            });
        }
        if retired.len() > MOST_RETIRED {
            let message = format!(
                "{MOST_RETIRED} old keys are still among the public ones; wait for some to go, or rotate with `overlap` 0, which drops them all"
            );
            return Err(Error::with_message(Code::LimitReached, message)
                .detail("limit", MOST_RETIRED)
                .into());
        }
        record(tx, [&self.act]).await?;
        Ok(RotatedSigningKey {
            id: self.key.id,
            created_at: tx.now(),
            retired,
        })
    }
}

//! Rotates a key: a new one takes its place, and the old one is good for a while longer.

use std::time::Duration;

use palisade_authz::{
    Authorized,
    action::{RotateApiKey, RotateTenantKey},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::Timestamp;
use palisade_tenancy::{ApiKey, KeyId, TenantId};

use super::{ApiKeyRecord, create::insert, record as read, tenant_of};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row, sql::TenantSql,
    tx::TenantTx,
};

const ONE: TenantSql = TenantSql::new(
    "SELECT id, name, roles, allowed_cidrs, expires_at, revoked_at, last_used_at, created_at, replaced_by
     FROM api_keys WHERE tenant_id = $1 AND id = $2",
);

// Of two rotations at once one finds the key replaced already.
const REPLACE: TenantSql = TenantSql::new(
    "UPDATE api_keys SET replaced_by = $3, expires_at = $4, revoked_at = $5
     WHERE tenant_id = $1 AND id = $2 AND replaced_by IS NULL AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > $6)",
);

/// How long a rotated key is still good: whole seconds, [`KeyOverlap::LONGEST`] at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyOverlap(u32);

impl KeyOverlap {
    /// Where the caller says nothing: a day, so that the new key can be rolled out.
    pub const DEFAULT: Self = Self(24 * 60 * 60);
    /// A week.
    pub const LONGEST: Self = Self(7 * 24 * 60 * 60);

    /// This many seconds; `None` where they are too many.
    pub fn of_seconds(seconds: u64) -> Option<Self> {
        u32::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds <= Self::LONGEST.0)
            .map(Self)
    }

    /// The seconds; 0: the old key is refused at once.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    fn after(self, now: Timestamp) -> Timestamp {
        now + Duration::from_secs(u64::from(self.0))
    }
}

/// A key that took another's place.
#[derive(Debug)]
pub struct RotatedKey {
    /// What may be shown of the new key.
    pub record: ApiKeyRecord,
    /// The new key.
    pub key: ApiKey,
    /// The key that it replaces.
    pub replaces: KeyId,
    /// From this on the replaced key is refused.
    pub replaced_until: Timestamp,
}

impl Store {
    /// Makes a key with the name, roles, networks and end of the one that is the grant's target, which is refused after
    /// `overlap`; `None` where the tenant has none of that id.
    ///
    /// # Errors
    /// `conflict` for a key that is revoked, expired, or rotated already.
    #[tracing::instrument(name = "store.api_key.rotate", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn rotate_api_key(
        &self,
        grant: Authorized<RotateApiKey>,
        overlap: KeyOverlap,
    ) -> Result<Option<RotatedKey>> {
        match KeyId::parse(grant.target().id()) {
            Some(old) => {
                self.rotate(Act::of(&grant), grant.tenant(), old, overlap)
                    .await
            }
            None => Ok(None),
        }
    }

    /// Rotates a key of the tenant that is the grant's target; of [`TenantId::PLATFORM`]: a key of the operator.
    ///
    /// # Errors
    /// As [`Store::rotate_api_key`].
    #[tracing::instrument(name = "store.tenant.rotate_key", skip_all, fields(tenant.id = %grant.target().id()))]
    pub async fn rotate_tenant_key(
        &self,
        grant: Authorized<RotateTenantKey>,
        old: KeyId,
        overlap: KeyOverlap,
    ) -> Result<Option<RotatedKey>> {
        let of = tenant_of(grant.target())?;
        let act = Act::of(&grant).on("ApiKey", old);
        self.rotate(act, of, old, overlap).await
    }

    async fn rotate(
        &self,
        act: Act,
        of: TenantId,
        old: KeyId,
        overlap: KeyOverlap,
    ) -> Result<Option<RotatedKey>> {
        let key = ApiKey::generate(of, self.inner.clock.now())?;
        let job = RotateKey {
            act: act
                .detail("replaced_by", key.id().to_string())
                .detail("overlap_seconds", overlap.seconds()),
            of,
            old,
            overlap,
            new: key.id(),
            sha256: key.secret_sha256(),
        };
        let rotated = self.write(job).await?;
        Ok(rotated.map(|(record, replaced_until)| RotatedKey {
            record,
            key,
            replaces: old,
            replaced_until,
        }))
    }
}

struct RotateKey {
    act: Act,
    of: TenantId,
    old: KeyId,
    overlap: KeyOverlap,
    new: KeyId,
    sha256: [u8; 32],
}

impl Job for RotateKey {
    type Output = Option<(ApiKeyRecord, Timestamp)>;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.of)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Self::Output, Fault> {
        let of = tx.of(self.of);
        let Some(row) = of.one(ONE, [self.old.as_uuid().into()]).await? else {
            return Ok(None);
        };
        let old = read(&row)?;
        let end = self.overlap.after(tx.now());
        let until = old.expires_at.map_or(end, |expires| expires.min(end));
        let at_once = self.overlap.seconds() == 0;
        let values = [
            self.old.as_uuid().into(),
            self.new.as_uuid().into(),
            row::maybe_at(if at_once { old.expires_at } else { Some(until) }),
            row::maybe_at(at_once.then_some(tx.now())),
            row::at(tx.now()),
        ];
        if of.execute(REPLACE, values).await? == 0 {
            let message = "the key is revoked, expired or rotated already; create a new key, or rotate the one that replaced it";
            return Err(Error::with_message(Code::Conflict, message).into());
        }
        let new = ApiKeyRecord {
            id: self.new,
            prefix: ApiKey::prefix(self.new),
            revoked_at: None,
            last_used_at: None,
            created_at: tx.now(),
            replaced_by: None,
            ..old
        };
        insert(&of, &new, &self.sha256).await?;
        record(tx, [&self.act]).await?;
        Ok(Some((new, until)))
    }
}
